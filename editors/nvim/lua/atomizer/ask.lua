-- Questions to the user, one after the other: permission for a tool, and whose value stays in a conflict. The detail
-- stands in a float while `vim.ui.select` asks.
local detail = require('atomizer.detail')
local render = require('atomizer.render')
local util = require('atomizer.util')

local M = {}

--- Nobody answers a question that came up while he typed: keys in flight would choose.
local QUIET_MS = 400

--- Offered beside the choices when the float cannot hold the detail.
local SHOW_ALL = 'Show all'

---@class atomizer.Question
---@field client_id integer whose question it is
---@field prompt string
---@field kind string for pickers that look by kind
---@field title string of the float
---@field detail fun(): string[]
---@field choices string[]
---@field answer fun(choice: string?)
---@field ends fun(name: table): boolean told of a withdrawal: is it this one
---@field float? integer
---@field windows? integer[] that were there before it was asked
---@field picking? boolean a picker is open for it
---@field inside? boolean `vim.ui.select` has not returned: Neovim's own waits for keys
---@field answered? boolean

---@type atomizer.Question[]
local queue = {}
---@type atomizer.Question?
local shown
local last_key = 0

vim.on_key(function(_, typed)
  if typed ~= '' then
    last_key = vim.uv.now()
  end
end, vim.api.nvim_create_namespace('atomizer.ask'))

---@return boolean
local function may_ask()
  local mode = vim.api.nvim_get_mode()
  local free = mode.mode == 'n'
    or mode.mode == 'i'
    or mode.mode == 'v'
    or mode.mode == 't'
    or mode.mode == 'nt'
  vim.uv.update_time()
  return free
    and not mode.blocking
    and vim.fn.getcmdwintype() == ''
    and vim.uv.now() - last_key >= QUIET_MS
end

---@param question atomizer.Question
local function close_float(question)
  if question.float and vim.api.nvim_win_is_valid(question.float) then
    vim.api.nvim_win_close(question.float, true)
  end
  question.float = nil
end

--- Closes what a picker opened for a question that nobody needs any more.
---@param question atomizer.Question
local function close_picker(question)
  if question.inside then
    vim.api.nvim_input('<Esc>')
  end
  for _, win in ipairs(vim.api.nvim_list_wins()) do
    local floating = vim.api.nvim_win_get_config(win).relative ~= ''
    if floating and not vim.list_contains(question.windows or {}, win) then
      pcall(vim.api.nvim_win_close, win, true)
    end
  end
end

local show_next ---@type fun()

---@param question atomizer.Question
---@param choice string?
local function settle(question, choice)
  if question.answered then
    return
  end
  question.answered = true
  close_float(question)
  if shown == question then
    shown = nil
  end
  question.answer(choice)
  vim.schedule(show_next)
end

--- Lets the user read the whole detail; the question is asked again when he has done so.
---@param question atomizer.Question
local function read_first(question)
  question.picking = false
  close_float(question)
  detail.read(question.title, question.detail(), function()
    if shown == question then
      shown = nil
      table.insert(queue, 1, question)
      vim.schedule(show_next)
    end
  end)
end

---@param question atomizer.Question
local function show(question)
  question.windows = vim.api.nvim_list_wins()
  local whole ---@type boolean
  question.float, whole = detail.open(question.title, question.detail(), #question.choices + 1)
  vim.list_extend(question.windows, { question.float })
  vim.cmd.redraw()
  local options = { prompt = question.prompt, kind = question.kind }
  local choices = vim.list_extend({}, question.choices)
  if not whole then
    choices[#choices + 1] = SHOW_ALL
  end
  question.picking, question.inside = true, true
  vim.ui.select(choices, options, function(choice)
    if choice == SHOW_ALL and not question.answered then
      return read_first(question)
    end
    settle(question, choice)
  end)
end

local waiting = false

--- Asks the next question as soon as nobody types.
show_next = function()
  if shown or waiting or #queue == 0 then
    return
  end
  if not may_ask() then
    waiting = true
    vim.defer_fn(function()
      waiting = false
      show_next()
    end, 50)
    return
  end
  local question = table.remove(queue, 1)
  shown = question
  local asked, reason = pcall(show, question)
  question.inside = false
  if not asked then
    -- <C-c> in Neovim's own picker, or a picker that failed: nobody said yes. Drawing takes the picker's lines off the
    -- screen, for which Neovim would wait for a key.
    vim.cmd.redraw()
    if not tostring(reason):find('Keyboard interrupt', 1, true) then
      vim.notify(
        ('atomizer: the question could not be asked: %s'):format(reason),
        vim.log.levels.ERROR
      )
    end
    settle(question, nil)
  end
end

---@param question atomizer.Question
function M.put(question)
  queue[#queue + 1] = question
  vim.schedule(show_next)
end

--- How many wait or are shown.
---@return integer
function M.count()
  return #queue + (shown and 1 or 0)
end

--- Ends the questions that nobody waits for an answer of.
---@param ended fun(question: atomizer.Question): boolean
local function drop(ended)
  local open = shown
  local kept = {} ---@type atomizer.Question[]
  for _, question in ipairs(queue) do
    if ended(question) then
      settle(question, nil)
    else
      kept[#kept + 1] = question
    end
  end
  queue = kept
  if open and ended(open) then
    settle(open, nil)
    if open.picking then
      close_picker(open)
    end
  end
end

--- The server needs no answer any more.
---@param name table
function M.withdraw(name)
  drop(function(question)
    return question.ends(name)
  end)
end

--- The server is gone, and its questions with it.
---@param client_id integer
function M.client_gone(client_id)
  drop(function(question)
    return question.client_id == client_id
  end)
end

--- Runs `put` in the coroutine of a request handler and gives what it is resumed with.
---@param put fun(resume: fun(value: any))
---@return any
local function awaited(put)
  local thread = coroutine.running()
  put(function(value)
    -- Scheduled, as a select that blocks answers before the coroutine has yielded.
    vim.schedule(function()
      assert(coroutine.resume(thread, value))
    end)
  end)
  return coroutine.yield()
end

local choices = { 'Allow', 'Allow for this session', 'Deny' }

---@param choice string?
---@return atomizer.PermissionAnswer
local function permission_answer(choice)
  if choice == 'Allow' then
    return { behavior = 'allow', scope = 'once' }
  elseif choice == 'Allow for this session' then
    return { behavior = 'allow', scope = 'session' }
  end
  return {
    behavior = 'deny',
    message = choice and 'The user said no' or 'The user closed the question',
  }
end

--- `atomizer/permission`.
---@param params atomizer.PermissionParams
---@param client vim.lsp.Client
---@return atomizer.PermissionAnswer
function M.permission(params, client)
  params = util.clean(params)
  util.emit('AtomizerPermission', params)
  return awaited(function(resume)
    M.put({
      client_id = client.id,
      prompt = ('Claude asks for %s'):format(
        render.tool_subject(params.toolName, params.input, { root = client.root_dir })
      ),
      kind = 'atomizer_permission',
      title = params.toolName,
      detail = function()
        local lines = {} ---@type string[]
        if params.description and params.description ~= '' then
          vim.list_extend(lines, vim.split(params.description, '\n'))
        end
        if type(params.input.file_path) == 'string' then
          lines[#lines + 1] = params.input.file_path
        end
        return vim.list_extend(lines, render.tool_detail(params.input))
      end,
      choices = choices,
      answer = function(choice)
        resume(permission_answer(choice))
      end,
      ends = function(name)
        return name.sessionId == params.sessionId and name.requestId == params.requestId
      end,
    })
  end)
end

---@param value any
---@return string
local function shown_value(value)
  return value == nil and '(not there)' or vim.json.encode(value)
end

--- `atomizer/conflict`: mine stands in the buffer until something else is chosen.
---@param params atomizer.Conflict
---@param client vim.lsp.Client
---@return table
function M.conflict(params, client)
  params = util.clean(params)
  local path = vim.uri_to_fname(params.uri)
  local name = client.root_dir and vim.fs.relpath(client.root_dir, path) or path
  return awaited(function(resume)
    M.put({
      client_id = client.id,
      prompt = ('You and Claude both changed %s'):format(params.pointer),
      kind = 'atomizer_conflict',
      title = 'Conflict',
      detail = function()
        return {
          ('%s in %s'):format(params.pointer, name),
          ('before:   %s'):format(shown_value(params.base)),
          ('yours:    %s'):format(shown_value(params.mine)),
          ("Claude's: %s"):format(shown_value(params.theirs)),
        }
      end,
      choices = { 'Keep mine', "Take Claude's" },
      answer = function(choice)
        -- Closed: mine stands, and the conflict stays open.
        resume(choice and { take = choice == "Take Claude's" and 'theirs' or 'mine' } or vim.NIL)
      end,
      ends = function(it)
        return it.conflictId ~= nil and it.conflictId == params.conflictId
      end,
    })
  end)
end

return M
