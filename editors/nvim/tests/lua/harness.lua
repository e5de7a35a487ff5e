-- Test cases, each in a Neovim of its own that is driven over its RPC channel.
local M = {}

local here = vim.fs.dirname(vim.fs.abspath(debug.getinfo(1, 'S').source:sub(2)))
M.tests = vim.fs.dirname(here)
M.plugin = vim.fs.dirname(M.tests)
M.repository = vim.fs.dirname(vim.fs.dirname(M.plugin))

--- Nothing that is waited for takes longer, unless it never comes.
local PATIENCE_MS = 15000

---@class Case
---@field name string
---@field run fun(n: Neovim)
---@type Case[]
M.cases = {}

---@param line string
local function say(line)
  io.stdout:write(line, '\n')
  io.stdout:flush()
end

---@param name string what holds
---@param run fun(n: Neovim)
function M.test(name, run)
  table.insert(M.cases, { name = name, run = run })
end

---@param actual any
---@param expected any
---@param what? string
function M.equal(actual, expected, what)
  if not vim.deep_equal(actual, expected) then
    error(
      ('%sexpected %s\n  but it is %s'):format(
        what and what .. ': ' or '',
        vim.inspect(expected),
        vim.inspect(actual)
      ),
      2
    )
  end
end

---@param text string
---@param part string
function M.contains(text, part)
  if type(text) ~= 'string' or not text:find(part, 1, true) then
    error(('expected %q in\n%s'):format(part, tostring(text)), 2)
  end
end

---@class Neovim
---@field channel integer
---@field job integer
---@field terminal? integer buffer of ours
---@field home string its folder, removed after the case
local Neovim = {}
Neovim.__index = Neovim

---@class StartOptions
---@field before? string Vim commands before the plugin is loaded
---@field ui? boolean attach a user interface (80×24), so that it draws and asks
---@field home? string
---@field env? table<string, string>
---@field plain? boolean without the plugin
---@field installed? boolean with what is in its own data folder, as users have it
---@field screen? { [1]: integer, [2]: integer } with its terminal interface, so many columns and lines

---@param options? StartOptions
---@return Neovim
function M.start(options)
  options = options or {}
  local home = options.home
    or assert(vim.uv.fs_mkdtemp(vim.fs.joinpath(vim.uv.os_tmpdir(), 'atomizer-nvim-XXXXXX')))
  local n = setmetatable({ home = home }, Neovim)
  local arguments = { vim.v.progpath }
  vim.list_extend(arguments, options.installed and { '-u', 'NORC' } or { '--clean' })
  local socket = home .. '/nvim.sock'
  vim.list_extend(
    arguments,
    options.screen and { '--listen', socket } or { '--headless', '--embed' }
  )
  vim.list_extend(arguments, {
    '--cmd',
    (options.plain or options.installed) and ''
      or ('set runtimepath^=%s runtimepath+=%s'):format(M.plugin, M.tests),
    -- What the next Neovim takes away must not be called.
    '--cmd',
    'lua vim.deprecate = function(name) vim.g.deprecated = (vim.g.deprecated or "") .. name .. " " end',
  })
  if options.before then
    vim.list_extend(arguments, { '--cmd', options.before })
  end
  local job = {
    cwd = home,
    env = vim.tbl_extend('force', {
      HOME = home,
      XDG_CONFIG_HOME = home .. '/config',
      XDG_DATA_HOME = home .. '/data',
      XDG_STATE_HOME = home .. '/state',
      XDG_CACHE_HOME = home .. '/cache',
      XDG_RUNTIME_DIR = home,
      NVIM_LOG_FILE = home .. '/nvim.log',
      NVIM = '',
      LANG = 'C.UTF-8',
      TERM = 'xterm-256color',
    }, options.env or {}),
  }
  if options.screen then
    n:start_in_terminal(arguments, job, socket, options.screen)
  else
    job.rpc = true
    n.channel = vim.fn.jobstart(arguments, job)
    n.job = n.channel
    assert(n.channel > 0, 'Neovim did not start')
  end
  if options.ui then
    n:request('nvim_ui_attach', 80, 24, vim.empty_dict())
  end
  return n
end

--- Starts it with its real terminal interface in a terminal of ours, whose text can be read.
---@param arguments string[]
---@param job table
---@param socket string
---@param size { [1]: integer, [2]: integer } columns, lines
function Neovim:start_in_terminal(arguments, job, socket, size)
  vim.o.columns, vim.o.lines = size[1], size[2] + 2
  vim.api.nvim_open_win(vim.api.nvim_create_buf(false, true), true, {
    relative = 'editor',
    row = 0,
    col = 0,
    width = size[1],
    height = size[2],
  })
  job.term = true
  self.terminal = vim.api.nvim_get_current_buf()
  self.job = vim.fn.jobstart(arguments, job)
  local connected = vim.wait(PATIENCE_MS, function()
    local good, channel = pcall(vim.fn.sockconnect, 'pipe', socket, { rpc = true })
    self.channel = good and channel or 0
    return self.channel > 0
  end, 10)
  assert(connected, 'Neovim did not open its socket')
  self:wait([[vim.v.vim_did_enter == 1 and #vim.api.nvim_list_uis() == 1]])
end

--- What stands on its screen when it is as wanted, or at the end of patience, without the blanks at the ends of lines.
---@param wanted fun(lines: string[]): boolean
---@return string[] lines
---@return boolean found
function Neovim:see_when(wanted)
  self:request('nvim_command', 'redraw')
  local lines ---@type string[]
  local found = vim.wait(PATIENCE_MS, function()
    lines = vim.tbl_map(function(line)
      return (line:gsub('%s+$', ''))
    end, vim.api.nvim_buf_get_lines(self.terminal, 0, -1, true))
    return wanted(lines)
  end, 10)
  return lines, found
end

--- Waits until a text stands on the screen; gives all of it.
---@param part string
---@return string[]
function Neovim:see(part)
  local lines, found = self:see_when(function(lines)
    return table.concat(lines, '\n'):find(part, 1, true) ~= nil
  end)
  if not found then
    error(('not on the screen: %s\n%s'):format(part, table.concat(lines, '\n')), 2)
  end
  return lines
end

--- Waits until a text has gone from the screen; gives what is left.
---@param part string
---@return string[]
function Neovim:see_not(part)
  local lines, gone = self:see_when(function(lines)
    return not table.concat(lines, '\n'):find(part, 1, true)
  end)
  if not gone then
    error(('still on the screen: %s\n%s'):format(part, table.concat(lines, '\n')), 2)
  end
  return lines
end

--- Asks it something. A Neovim that waits for a key answers nothing: it is ended then, and the case fails.
---@param method string
function Neovim:request(method, ...)
  local pid = vim.fn.jobpid(self.job)
  local stuck = false
  local timer = assert(vim.uv.new_timer())
  timer:start(2 * PATIENCE_MS, 0, function()
    stuck = true
    vim.uv.kill(pid, 'sigkill')
  end)
  local results = { pcall(vim.rpcrequest, self.channel, method, ...) }
  timer:close()
  if not results[1] then
    local reason = stuck and ('it waits for a key, and does not answer %s'):format(method)
    error(reason or results[2], 2)
  end
  return results[2]
end

--- Runs Lua there; `...` are its arguments.
---@param code string
---@return any
function Neovim:lua(code, ...)
  return self:request('nvim_exec_lua', code, { ... })
end

---@param command string
function Neovim:cmd(command)
  return self:request('nvim_command', command)
end

--- Types; the keys are handled when the next request comes back.
---@param keys string
function Neovim:keys(keys)
  self:request('nvim_input', keys)
end

--- Types and runs to the end, as a mapping would.
---@param keys string
function Neovim:feed(keys)
  self:lua(
    [[
    local keys = vim.api.nvim_replace_termcodes(..., true, true, true)
    vim.api.nvim_feedkeys(keys, 'tx!', false)
  ]],
    keys
  )
end

--- Waits until an expression of Lua is true there; gives its value.
---@param expression string
---@return any
function Neovim:wait(expression, ...)
  local deadline = vim.uv.hrtime() / 1e6 + PATIENCE_MS
  local code = 'return ' .. expression
  local value ---@type any
  while vim.uv.hrtime() / 1e6 < deadline do
    value = self:lua(code, ...)
    if value and value ~= vim.NIL then
      return value
    end
    -- Its events are handled between two requests.
    vim.uv.sleep(10)
  end
  error(('waited in vain for: %s\nmessages: %s'):format(expression, self:messages()), 2)
end

--- Waits until it is in a mode; works while it asks something.
---@param mode string first letter
function Neovim:wait_mode(mode)
  local deadline = vim.uv.hrtime() / 1e6 + PATIENCE_MS
  while vim.uv.hrtime() / 1e6 < deadline do
    if vim.startswith(self:request('nvim_get_mode').mode, mode) then
      return
    end
    vim.uv.sleep(10)
  end
  error(
    ('waited in vain for mode %s; it is %s'):format(
      mode,
      vim.inspect(self:request('nvim_get_mode'))
    ),
    2
  )
end

--- `:write`, typed, which asks nothing.
function Neovim:writes()
  self:lua([[
    vim.g.written = false
    vim.api.nvim_create_autocmd('BufWritePost', { once = true, callback = function() vim.g.written = true end })
  ]])
  self:keys(':write<CR>')
  self:wait([[vim.g.written]])
end

---@return string
function Neovim:messages()
  return self:request('nvim_exec2', 'messages', { output = true }).output
end

---@param bufnr? integer
---@return string[]
function Neovim:lines(bufnr)
  return self:request('nvim_buf_get_lines', bufnr or 0, 0, -1, true)
end

--- Writes a file below its home.
---@param path string
---@param text string
---@return string absolute
function Neovim:write(path, text)
  local full = vim.startswith(path, '/') and path or vim.fs.joinpath(self.home, path)
  vim.fn.mkdir(vim.fs.dirname(full), 'p')
  local file = assert(io.open(full, 'wb'))
  file:write(text)
  file:close()
  return full
end

---@param path string
---@return string
function M.read(path)
  local file = assert(io.open(path, 'rb'))
  local text = file:read('*a')
  file:close()
  return text
end

--- Ends it as `:qall!` does.
function Neovim:stop()
  pcall(vim.rpcnotify, self.channel, 'nvim_command', 'qall!')
  if vim.fn.jobwait({ self.job }, 10000)[1] == -1 then
    vim.fn.jobstop(self.job)
    vim.fn.jobwait({ self.job }, 5000)
  end
end

--- Runs all cases whose name holds `filter` and prints the count.
---@param filter? string
---@return boolean all_passed
function M.run(filter)
  local passed, failed = 0, 0
  for _, case in ipairs(M.cases) do
    if not filter or case.name:find(filter, 1, true) then
      local started = {} ---@type Neovim[]
      local start = M.start
      M.start = function(options)
        local n = start(options)
        table.insert(started, n)
        return n
      end
      local good, reason = xpcall(case.run, debug.traceback)
      for _, n in ipairs(good and started or {}) do
        local asked, deprecated = pcall(n.lua, n, 'return vim.g.deprecated')
        if asked and type(deprecated) == 'string' then
          good, reason = false, 'deprecated: ' .. deprecated
        end
      end
      M.start = start
      for _, n in ipairs(started) do
        n:stop()
        vim.fn.delete(n.home, 'rf')
      end
      if good then
        passed = passed + 1
        say('ok   ' .. case.name)
      else
        failed = failed + 1
        say('FAIL ' .. case.name .. '\n  ' .. (tostring(reason):gsub('\n', '\n  ')))
      end
    end
  end
  say(('%d passed, %d failed'):format(passed, failed))
  return failed == 0
end

return M
