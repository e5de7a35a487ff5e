-- The client's configuration: which server, which buffers, which handlers.
local M = {}

M.name = 'atomizer'
M.spec_name = 'atomizer_spec.json'

local source = debug.getinfo(1, 'S').source:sub(2)

--- The plugin's own folder.
---@return string
function M.plugin_dir()
  return vim.fs.dirname(vim.fs.dirname(vim.fs.dirname(vim.fs.abspath(source))))
end

--- The server's command: the user's; else beside the plugin (a release archive), on PATH, or built in the
--- repository that the plugin lies in.
---@return string[]? command
---@return string[] looked where it was looked for
function M.find_server()
  local configured = require('atomizer.config').current.cmd
  if configured then
    return vim.fn.executable(configured[1]) == 1 and configured or nil, { configured[1] }
  end
  local here = M.plugin_dir()
  local repository = vim.fs.dirname(vim.fs.dirname(here))
  local looked = {
    vim.fs.joinpath(here, 'bin', 'atomizer-lsp'),
    'atomizer-lsp',
    vim.fs.joinpath(repository, 'target', 'release', 'atomizer-lsp'),
    vim.fs.joinpath(repository, 'target', 'debug', 'atomizer-lsp'),
  }
  for _, program in ipairs(looked) do
    if vim.fn.executable(program) == 1 then
      return { program }, looked
    end
  end
  return nil, looked
end

--- The nearest folder above that holds `studies/`.
---@param path string
---@return string?
function M.find_root(path)
  return vim.fs.root(path, function(name, parent)
    return name == 'studies' and vim.fn.isdirectory(vim.fs.joinpath(parent, name)) == 1
  end)
end

---@param bufnr integer
---@return boolean
function M.is_spec(bufnr)
  return vim.fs.basename(vim.api.nvim_buf_get_name(bufnr)) == M.spec_name
    and vim.bo[bufnr].buftype == ''
end

--- Says once where the server was looked for.
function M.report_missing()
  local _, looked = M.find_server()
  local text = 'atomizer: the server was not found. Looked for:\n  %s\n'
    .. "Name it by require('atomizer').setup{ cmd = { '/path/to/atomizer-lsp' } }; see :checkhealth atomizer."
  vim.notify_once(text:format(table.concat(looked, '\n  ')), vim.log.levels.WARN)
end

--- Stands for the command where no server was found: Neovim leaves out, without a word, a client whose program does
--- not exist.
function M.missing()
  M.report_missing()
  error('atomizer-lsp was not found')
end

--- What to put as `cmd`.
---@return string[]|fun()
function M.command()
  return M.find_server() or M.missing
end

--- The configuration with what the user has changed in it.
---@return vim.lsp.Config
function M.configured()
  ---@diagnostic disable-next-line: undefined-field -- it has one for every name
  return vim.lsp.config[M.name]
end

---@param bufnr integer
---@param on_dir fun(dir: string)
local function root_dir(bufnr, on_dir)
  if not M.is_spec(bufnr) then
    return
  end
  if M.configured().cmd == M.missing then
    M.report_missing()
    return
  end
  local name = vim.api.nvim_buf_get_name(bufnr)
  on_dir(M.find_root(name) or vim.fs.dirname(name))
end

--- What |vim.lsp.config()| calls `atomizer`.
---@return vim.lsp.Config
function M.config()
  local settings = require('atomizer.config').current.settings
  require('atomizer.sync').setup()
  return {
    cmd = M.command(),
    filetypes = { 'json', 'jsonc' },
    root_dir = root_dir,
    settings = { atomizer = settings },
    before_init = function(params, config)
      params.initializationOptions = vim.tbl_get(config, 'settings', 'atomizer')
    end,
    capabilities = {
      workspace = { workspaceEdit = { documentChanges = true } },
      experimental = { atomizer = { permission = true, conflict = true, canvas = true } },
    },
    handlers = require('atomizer.handlers').handlers,
    commands = require('atomizer.handlers').commands,
    on_exit = function(_, _, client_id)
      vim.schedule(function()
        require('atomizer.conversation').client_gone(client_id)
        require('atomizer.ask').client_gone(client_id)
      end)
    end,
    -- Short, so that an edit that the server sent is confirmed soon; long enough to keep its parts in one message.
    flags = { debounce_text_changes = 20 },
  }
end

return M
