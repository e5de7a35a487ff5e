-- What the user may set, checked so that a slip of the pen is named.
local M = {}

---@class atomizer.ChatConfig
---@field layout? 'split'|'float'|'tab'
---@field position? 'right'|'left'|'above'|'below' of a split
---@field width? number columns; below 1 a share of the screen
---@field height? number lines; below 1 a share of the screen
---@field prompt_height? integer lines of the prompt
---@field fold? boolean tool calls and thoughts begin folded
---@field start_insert? boolean begin in the prompt when the chat opens

---@class atomizer.Config
---@field cmd? string[] the server's command; found by itself otherwise
---@field settings? table the server's settings, as in its documentation (`{ claude = { model = … } }`)
---@field chat? atomizer.ChatConfig
---@field mode? atomizer.Mode of new conversations
---@field confirm_revert? boolean ask before `:Atomizer revert`

---@class atomizer.ResolvedChatConfig
---@field layout 'split'|'float'|'tab'
---@field position 'right'|'left'|'above'|'below'
---@field width number
---@field height number
---@field prompt_height integer
---@field fold boolean
---@field start_insert boolean

---@class atomizer.ResolvedConfig
---@field cmd? string[]
---@field settings table
---@field chat atomizer.ResolvedChatConfig
---@field mode atomizer.Mode
---@field confirm_revert boolean
local defaults = {
  cmd = nil,
  settings = {},
  chat = {
    layout = 'split',
    position = 'right',
    width = 0.4,
    height = 0.8,
    prompt_height = 4,
    fold = true,
    start_insert = true,
  },
  mode = 'user',
  confirm_revert = true,
}

--- The server's settings (contract, "initialize"), to name unknown ones in `:checkhealth`. `check` holds one key for
--- each check and is not listed.
---@type table<string, string>
M.server_settings = {
  root = 'string',
  ['claude.command'] = 'string or list',
  ['claude.extraArgs'] = 'list',
  ['claude.model'] = 'string',
  ['claude.process'] = 'perSession or perTurn',
  ['claude.idleMinutes'] = 'number',
  ['claude.timeoutSeconds'] = 'number',
  ['claude.maxConcurrentTurns'] = 'number',
  ['claude.userTools'] = 'list',
  ['claude.powerPermissions'] = 'ask or skip',
  ['claude.permissionTimeoutSeconds'] = 'number',
  ['sessions.idleMinutes'] = 'number',
  ['sessions.emptyRetentionHours'] = 'number',
  ['sessions.historyLimit'] = 'number',
  ['storage.path'] = 'string',
  ['storage.keepSnapshotsDays'] = 'number',
  ['chat.fixIntroducedErrors'] = 'auto, ask or off',
  ['canvas.applyModifications'] = 'auto, ask or off',
}

---@param ... any
---@return fun(value: any): boolean, string
local function one_of(...)
  local allowed = { ... }
  return function(value)
    return vim.list_contains(allowed, value), 'one of ' .. table.concat(allowed, ', ')
  end
end

---@param value any
local function size(value)
  return type(value) == 'number' and value > 0, 'a number above 0'
end

---@param value any
local function command(value)
  return value == nil or (vim.islist(value) and type(value[1]) == 'string'), 'a list of strings'
end

---@param value any
local function boolean(value)
  return type(value) == 'boolean', 'true or false'
end

---@param value any
local function dictionary(value)
  return type(value) == 'table' and (next(value) == nil or not vim.islist(value)),
    'a table with names'
end

local checks = {
  cmd = command,
  settings = dictionary,
  chat = dictionary,
  mode = one_of('user', 'power'),
  confirm_revert = boolean,
  ['chat.layout'] = one_of('split', 'float', 'tab'),
  ['chat.position'] = one_of('right', 'left', 'above', 'below'),
  ['chat.width'] = size,
  ['chat.height'] = size,
  ['chat.prompt_height'] = size,
  ['chat.fold'] = boolean,
  ['chat.start_insert'] = boolean,
}

--- What is wrong with `options`, a sentence each.
---@param options table
---@return string[]
function M.problems(options)
  local found = {} ---@type string[]
  local function check(prefix, values)
    for name, value in vim.spairs(values) do
      local path = prefix .. tostring(name)
      local valid = checks[path]
      if not valid then
        found[#found + 1] = ('unknown option "%s"'):format(path)
      else
        local good, wanted = valid(value)
        if not good then
          found[#found + 1] = ('option "%s" is %s, and has to be %s'):format(
            path,
            vim.inspect(value),
            wanted
          )
        elseif path == 'chat' then
          check('chat.', value)
        end
      end
    end
  end
  check('', options)
  return found
end

--- The keys of `settings` that the server does not have, dotted.
---@param settings table
---@return string[]
function M.unknown_settings(settings)
  local unknown = {} ---@type string[]
  local function walk(prefix, value)
    for name, inner in vim.spairs(value) do
      local path = prefix .. tostring(name)
      local known = M.server_settings[path] or path:match('^check%.')
      if not known and type(inner) == 'table' and not vim.islist(inner) then
        walk(path .. '.', inner)
      elseif not known then
        unknown[#unknown + 1] = path
      end
    end
  end
  walk('', settings)
  return unknown
end

---@type atomizer.ResolvedConfig
M.current = vim.deepcopy(defaults)
--- What was wrong with the options given last.
---@type string[]
M.rejected = {}

--- Takes the options over the defaults; those that are wrong are reported and left out.
---@param options? atomizer.Config
---@return string[] problems
function M.set(options)
  options = options or {}
  M.rejected = M.problems(options)
  local taken = vim.deepcopy(options)
  local function drop(prefix, values)
    for name, value in pairs(values) do
      local valid = checks[prefix .. tostring(name)]
      if not valid or not valid(value) then
        values[name] = nil
      elseif name == 'chat' and prefix == '' then
        drop('chat.', value)
      end
    end
  end
  drop('', taken)
  M.current = vim.tbl_deep_extend('force', vim.deepcopy(defaults), taken)
  return M.rejected
end

return M
