-- `:checkhealth atomizer`
local client_of = require('atomizer.client')
local config = require('atomizer.config')
local lsp = require('atomizer.lsp')

local M = {}

local TIMEOUT_MS = 5000

---@param command string[]
---@return string? first line of what `command --version` prints
local function version(command)
  local all = vim.list_extend(vim.list_slice(command), { '--version' })
  local started, process = pcall(vim.system, all, { text = true })
  if not started then
    return nil
  end
  local done = process:wait(TIMEOUT_MS)
  return done.code == 0 and vim.split(done.stdout or '', '\n')[1] or nil
end

local function neovim()
  vim.health.start('Neovim')
  ---@diagnostic disable-next-line: call-non-callable -- a module that can be called
  local text = tostring(vim.version())
  if vim.fn.has('nvim-0.11') == 1 then
    vim.health.ok('Neovim ' .. text)
  else
    vim.health.error(('Neovim %s is too old'):format(text), 'Install 0.11 or newer')
  end
  local asked, there = pcall(vim.treesitter.language.add, 'markdown')
  if asked and there then
    vim.health.ok('The markdown parser is there')
  else
    vim.health.info('No markdown parser: the chat has plain syntax highlighting')
  end
end

local function server()
  vim.health.start('Server')
  local command = lsp.configured().cmd
  if command == lsp.missing then
    local _, looked = lsp.find_server()
    return vim.health.error('The server was not found', {
      'Looked for: ' .. table.concat(looked, ', '),
      "Build it (cargo build --release) or name it: require('atomizer').setup{ cmd = { '/path/to/atomizer-lsp' } }",
    })
  elseif type(command) ~= 'table' then
    return vim.health.info('The command is a function of your configuration')
  end
  local said = version({ command[1] })
  if said then
    vim.health.ok(('%s: %s'):format(vim.fn.exepath(command[1]), said))
  else
    vim.health.error(('%s does not answer to --version'):format(command[1]))
  end
  if not vim.lsp.is_enabled(lsp.name) then
    vim.health.warn(
      'Not enabled',
      "vim.lsp.enable('atomizer'), or leave vim.g.atomizer_enable alone"
    )
  end
  for _, client in ipairs(vim.lsp.get_clients({ name = lsp.name })) do
    vim.health.ok(
      ('Running for %s (client %d, %s)'):format(client.root_dir, client.id, client.offset_encoding)
    )
  end
end

---@return table settings of the server
local function settings()
  return vim.tbl_get(lsp.configured(), 'settings', lsp.name) or {}
end

local function claude()
  vim.health.start('Claude')
  local command = vim.tbl_get(settings(), 'claude', 'command') or 'claude'
  command = type(command) == 'table' and command or { command }
  if vim.fn.executable(command[1]) == 0 then
    return vim.health.error(('%s was not found'):format(command[1]), {
      'Install Claude Code: npm install -g @anthropic-ai/claude-code',
      'Or name it: settings = { claude = { command = "/path/to/claude" } }',
    })
  end
  local said = version(command)
  local report = said and vim.health.ok or vim.health.warn
  report(('%s: %s'):format(vim.fn.exepath(command[1]), said or 'does not answer to --version'))
end

local function root()
  vim.health.start('Study')
  local folder = settings().root or client_of.root()
  if not folder then
    return vim.health.warn(
      'No Atomizer root: no folder with studies/ above the current file or the working folder',
      'Specs are checked all the same; chat needs a root'
    )
  end
  vim.health.ok('Root ' .. folder)
  local database = vim.tbl_get(settings(), 'storage', 'path')
    or vim.fs.joinpath(folder, '.atomizer', 'atomizer.db')
  local stat = vim.uv.fs_stat(database)
  if not stat then
    vim.health.info(('Conversations: %s (made with the first one)'):format(database))
  elseif vim.uv.fs_access(database, 'RW') then
    vim.health.ok(('Conversations: %s (%d KiB)'):format(database, math.ceil(stat.size / 1024)))
  else
    vim.health.error(database .. ' cannot be read and written')
  end
end

local function options()
  vim.health.start('Settings')
  local unknown = config.unknown_settings(settings())
  for _, name in ipairs(unknown) do
    vim.health.warn(('The server has no setting "%s"'):format(name), 'See :help atomizer-settings')
  end
  for _, problem in ipairs(config.rejected) do
    vim.health.warn(problem, 'See :help atomizer-config')
  end
  if #unknown + #config.rejected == 0 then
    vim.health.ok('All known')
  end
end

function M.check()
  neovim()
  server()
  claude()
  root()
  options()
end

return M
