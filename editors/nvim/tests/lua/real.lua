-- The real server with the scripted stand-in for claude (tests/support/claude_standin.rs says what a scenario is).
local t = require('harness')

local M = {}

M.server = os.getenv('ATOMIZER_LSP') or (t.repository .. '/target/debug/atomizer-lsp')
M.standin = os.getenv('CLAUDE_STANDIN_PROGRAM')
  or (t.repository .. '/target/debug/examples/claude-standin')

---@class Study
---@field n Neovim
---@field root string
---@field spec string path of bracket_mass
---@field gate fun(name: string): string path of a file that a step may wait for

--- A root with the example studies, and a Neovim whose server asks the stand-in. `turns` may be a function of the
--- study, for the paths in it.
---@param turns table|fun(study: Study): table
---@param options? StartOptions|{ settings?: table, closed?: boolean, shared?: Study }
---@return Study
function M.open(turns, options)
  options = options or {}
  local home = options.home
    or vim.uv.fs_realpath(assert(vim.uv.fs_mkdtemp(vim.uv.os_tmpdir() .. '/atomizer-nvim-XXXXXX')))
  options.home = home
  local study = { root = home .. '/root' } ---@type Study
  study.spec = study.root .. '/studies/bracket_mass/1_setup/atomizer_spec.json'
  study.gate = function(name)
    return home .. '/gate-' .. name
  end
  if not vim.uv.fs_stat(study.root) then
    vim.fn.mkdir(study.root, 'p')
    vim.fn.system({ 'cp', '-r', t.repository .. '/examples/studies', study.root })
  end
  local scenario =
    { turns = type(turns) == 'function' and turns(study) or turns, log = home .. '/claude.log' }
  local file = home .. '/scenario.json'
  vim.fn.writefile({ vim.json.encode(scenario) }, file)
  options.env = { CLAUDE_STANDIN = file }
  study.n = t.start(options)
  local settings =
    vim.tbl_deep_extend('force', { claude = { command = M.standin } }, options.settings or {})
  if not options.plain then
    study.n:lua(
      [[
      local server, settings = ...
      if server == vim.NIL then server = nil end
      require('atomizer').setup({ cmd = server, settings = settings, confirm_revert = false })
    ]],
      options.installed and vim.NIL or { M.server },
      settings
    )
  end
  if not options.closed then
    study.n:cmd('edit ' .. study.spec)
    study.n:wait([[#vim.lsp.get_clients({ name = 'atomizer', bufnr = 0 }) == 1]])
  end
  return study
end

--- Says something and waits for the end of the turn; gives its status.
---@param study Study
---@param message string
---@return string
function M.turn(study, message)
  study.n:cmd('Atomizer chat ' .. message)
  return M.done(study)
end

---@param study Study
---@return string status
function M.done(study)
  study.n:wait([[(function()
    local it = require('atomizer.chat').conversation()
    return #it.turns > 0 and not it.running
  end)()]])
  return study.n:lua(
    [[local turns = require('atomizer.chat').conversation().turns return turns[#turns].status]]
  )
end

--- The lines of the spec's buffer, as text.
---@param study Study
---@return string
function M.buffer(study)
  return study.n:lua(
    [[return table.concat(vim.api.nvim_buf_get_lines(vim.fn.bufnr(...), 0, -1, true), '\n')]],
    study.spec
  )
end

--- Waits until the spec's buffer holds a text.
---@param study Study
---@param part string
function M.shows(study, part)
  study.n:wait(
    [[(function(path, part)
    return table.concat(vim.api.nvim_buf_get_lines(vim.fn.bufnr(path), 0, -1, true), '\n'):find(part, 1, true)
  end)(...)]],
    study.spec,
    part
  )
end

---@param study Study
---@return boolean
function M.modified(study)
  return study.n:lua([[return vim.bo[vim.fn.bufnr(...)].modified]], study.spec)
end

--- Processes whose environment names this home: the server's and everything that it started.
---@param home string
---@return string[]
function M.processes(home)
  local found = {} ---@type string[]
  for name in vim.fs.dir('/proc') do
    if name:match('^%d+$') then
      local file = io.open('/proc/' .. name .. '/environ', 'rb')
      local environment = file and file:read('*a')
      if file then
        file:close()
      end
      if environment and environment:find('HOME=' .. home, 1, true) then
        local line = io.open('/proc/' .. name .. '/cmdline', 'rb')
        found[#found + 1] = name .. ' ' .. (line and line:read('*a'):gsub('%z', ' ') or '?')
        if line then
          line:close()
        end
      end
    end
  end
  return found
end

return M
