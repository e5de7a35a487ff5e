-- Conversations of this Neovim: what was said, the turn that is running, and the events that come for it.
local client_of = require('atomizer.client')
local config = require('atomizer.config')
local turns = require('atomizer.turn')
local util = require('atomizer.util')

local M = {}

--- Text that comes within this time is shown at once.
local FLUSH_MS = 30

---@class atomizer.Running
---@field turn atomizer.Turn
---@field token string
---@field client_id? integer
---@field request_id? integer
---@field stopping? boolean before the server had said which session it is

---@class atomizer.Conversation
---@field id integer of this Neovim only
---@field root string
---@field session_id? string once the server knows it
---@field mode atomizer.Mode
---@field study_id? string what the server says it is about
---@field chosen_study? string by the user; else the spec in front counts
---@field title string
---@field turns atomizer.Turn[]
---@field running? atomizer.Running
---@field pending atomizer.Event[]
---@field flushing boolean
---@field last_error? string
local Conversation = {}
Conversation.__index = Conversation

---@type atomizer.Conversation[]
M.all = {}
---@type table<string, atomizer.Conversation> by root: the one that `:Atomizer chat` shows
local current = {}
---@type table<string, atomizer.Conversation> by partial result token
local by_token = {}
local last_id = 0

--- What changed of a conversation: one turn, all turns, or only what stands above them (mode, study, title).
---@alias atomizer.Change atomizer.Turn|'turns'|'heading'

---@type fun(conversation: atomizer.Conversation, change: atomizer.Change)[]
M.listeners = {}

---@param root string
---@return atomizer.Conversation
function M.new(root)
  last_id = last_id + 1
  local conversation = setmetatable({
    id = last_id,
    root = root,
    mode = config.current.mode,
    title = '',
    turns = {},
    pending = {},
    flushing = false,
  }, Conversation)
  M.all[#M.all + 1] = conversation
  current[root] = conversation
  return conversation
end

---@param root string
---@return atomizer.Conversation
function M.current(root)
  return current[root] or M.new(root)
end

---@param conversation atomizer.Conversation
function M.set_current(conversation)
  current[conversation.root] = conversation
end

---@param root string
---@param session_id string
---@return atomizer.Conversation?
function M.of_session(root, session_id)
  for _, conversation in ipairs(M.all) do
    if conversation.root == root and conversation.session_id == session_id then
      return conversation
    end
  end
end

---@param id integer
---@return atomizer.Conversation?
function M.get(id)
  for _, conversation in ipairs(M.all) do
    if conversation.id == id then
      return conversation
    end
  end
end

--- Those that have a turn under way.
---@return atomizer.Conversation[]
function M.busy()
  return vim.tbl_filter(function(conversation)
    return conversation.running ~= nil
  end, M.all)
end

---@param change atomizer.Change
function Conversation:changed(change)
  for _, listener in ipairs(M.listeners) do
    listener(self, change)
  end
end

---@class atomizer.SendOptions
---@field bufnr? integer the spec talked about
---@field selection? lsp.Range of it

---@param message string
---@param options atomizer.SendOptions
---@param token string
---@return table params of `atomizer/chat`
function Conversation:params(message, options, token)
  local bufnr = options.bufnr or client_of.spec_buffer(self.root)
  if self.chosen_study and not options.selection then
    -- What is not saved of the chosen study counts, whatever is in front.
    bufnr = client_of.study_buffer(self.root, self.chosen_study)
  end
  return {
    message = message,
    sessionId = self.session_id,
    mode = self.mode,
    studyId = self.chosen_study,
    textDocument = bufnr and { uri = vim.uri_from_bufnr(bufnr) } or nil,
    selection = options.selection,
    partialResultToken = token,
  }
end

--- Says something to Claude. Refused (told, false) while a turn runs.
---@param message string
---@param options? atomizer.SendOptions
---@return boolean
function Conversation:send(message, options)
  if self.running then
    vim.notify('atomizer: Claude is still answering; :Atomizer stop ends that', vim.log.levels.WARN)
    return false
  end
  local turn = turns.new(message)
  turn.time = os.date('!%Y-%m-%dT%H:%M:%SZ') --[[@as string]]
  local token = ('atomizer-chat-%d-%d'):format(self.id, #self.turns + 1)
  self.turns[#self.turns + 1] = turn
  self.running = { turn = turn, token = token }
  self.last_error = nil
  if self.title == '' then
    self.title = vim.split(message, '\n')[1]
  end
  by_token[token] = self
  self:changed(turn)
  client_of.with(self.root, function(client)
    if not self.running or self.running.turn ~= turn then
      return -- stopped before the server was there
    end
    if not client then
      return self:ended(turn, nil, { code = 0, message = 'The server could not be started' })
    end
    self.running.client_id = client.id
    self.running.request_id = client_of.request(
      client,
      'chat',
      self:params(message, options or {}, token),
      function(result, err)
        self:ended(turn, result, err)
      end,
      true
    )
  end)
  return true
end

--- The turn's answer is there.
---@param turn atomizer.Turn
---@param result? atomizer.TurnResult
---@param err? lsp.ResponseError
function Conversation:ended(turn, result, err)
  local running = self.running
  if not running or running.turn ~= turn then
    return
  end
  self:flush()
  by_token[running.token] = nil
  self.running = nil
  if result then
    result = util.clean(result)
    self.session_id = result.sessionId
    turns.finish(turn, result)
    self.last_error = result.error and result.error.message
  elseif err and err.code == vim.lsp.protocol.ErrorCodes.RequestCancelled then
    turns.fail(turn, 'cancelled')
  elseif err then
    self.last_error = err.message
    turns.fail(turn, 'failed', client_of.error_text(err))
  end
  self:changed(turn)
  util.emit('AtomizerTurnDone', {
    root = self.root,
    sessionId = self.session_id,
    turnId = turn.turn_id,
    status = turn.status,
    usage = turn.usage,
  })
end

--- Ends the running turn; what Claude said so far stays.
---@return boolean running there was one
function Conversation:stop()
  local running = self.running
  if not running then
    return false
  end
  local client = running.client_id and vim.lsp.get_client_by_id(running.client_id)
  if not client or not running.request_id then
    self:ended(
      running.turn,
      nil,
      { code = vim.lsp.protocol.ErrorCodes.RequestCancelled, message = '' }
    )
  elseif self.session_id then
    client_of.request(client, 'cancel', { sessionId = self.session_id })
  elseif not running.stopping then
    -- The session is told next: the turn is cancelled then, and the next message stays in the session.
    running.stopping = true
  else
    client:cancel_request(running.request_id)
    self:ended(
      running.turn,
      nil,
      { code = vim.lsp.protocol.ErrorCodes.RequestCancelled, message = '' }
    )
  end
  return true
end

--- Brings all that has come to the screen.
function Conversation:flush()
  local events = self.pending
  if #events == 0 or not self.running then
    return
  end
  self.pending = {}
  local turn = self.running.turn
  for _, event in ipairs(events) do
    if event.parts then
      event.delta = table.concat(event.parts)
    end
    turns.apply(turn, event)
  end
  self:changed(turn)
end

--- The first event of a turn, taken in at once: what is told of the session from now on is meant for us.
---@param event atomizer.Event
function Conversation:started(event)
  local running = self.running
  if not running then
    return
  end
  turns.apply(running.turn, event)
  self.session_id = event.sessionId
  self:changed(running.turn)
  util.emit(
    'AtomizerTurnStarted',
    { root = self.root, sessionId = event.sessionId, turnId = event.turnId }
  )
  if running.stopping then
    self:stop()
  end
end

--- Queues one event; deltas that follow each other become one.
---@param event atomizer.Event
function Conversation:receive(event)
  if event.type == 'started' then
    return self:started(event)
  end
  local last = self.pending[#self.pending]
  local delta = event.type == 'text' or event.type == 'thinking'
  if delta and last and last.type == event.type then
    last.parts = last.parts or { last.delta }
    table.insert(last.parts, event.delta)
  else
    table.insert(self.pending, event)
  end
  if not self.flushing then
    self.flushing = true
    vim.defer_fn(function()
      self.flushing = false
      self:flush()
    end, FLUSH_MS)
  end
end

--- The value of a `$/progress`, if its token is one of ours.
---@param token any
---@param value table
---@return boolean ours
function M.progress(token, value)
  if type(token) ~= 'string' or not vim.startswith(token, 'atomizer-chat-') then
    return false
  end
  local conversation = by_token[token]
  if conversation then
    conversation:receive(util.clean(value))
  end
  return true
end

--- `atomizer/sessionChanged`.
---@param root string
---@param session atomizer.SessionInfo
function M.session_changed(root, session)
  local conversation = M.of_session(root, session.sessionId)
  if conversation then
    conversation:take(session)
  end
end

---@param session atomizer.SessionInfo
function Conversation:take(session)
  self.session_id = session.sessionId
  self.mode = session.mode
  self.study_id = session.studyId
  self.title = session.title ~= '' and session.title or self.title
  self:changed('heading')
end

--- The user's choice, nil to follow the spec in front.
---@param study_id? string
function Conversation:choose_study(study_id)
  self.chosen_study = study_id
  self:changed('heading')
end

--- Takes the conversation from the store.
---@param session atomizer.SessionInfo
---@param messages atomizer.Message[]
function Conversation:load(session, messages)
  self.turns = turns.from_messages(messages)
  self:take(session)
  self:changed('turns')
end

--- The server of these turns is gone.
---@param client_id integer
function M.client_gone(client_id)
  for _, conversation in ipairs(M.busy()) do
    if conversation.running.client_id == client_id then
      local turn = conversation.running.turn
      conversation:flush()
      by_token[conversation.running.token] = nil
      conversation.running = nil
      turns.fail(turn, 'interrupted')
      conversation:changed(turn)
      util.emit('AtomizerTurnDone', {
        root = conversation.root,
        sessionId = conversation.session_id,
        turnId = turn.turn_id,
        status = turn.status,
      })
    end
  end
end

return M
