-- One turn as data: the message, and what its events make of it. Pure: nothing here touches the screen.
local M = {}

---@alias atomizer.BlockKind 'text'|'thinking'|'tool'|'permission'|'retry'|'change'|'canvas'|'error'|'note'

---@class atomizer.Block
---@field kind atomizer.BlockKind
---@field text? string of text, thinking, retry, error, note
---@field tool? atomizer.ToolCall
---@field permission? { requestId: string, toolName: string, decision: string, reason?: string }
---@field update? atomizer.SpecUpdate
---@field modification? table
---@field applied? boolean the modification is in the spec
---@field outcome? string what came of applying the modification
---@field lines? string[] as rendered; nil when it changed since

---@class atomizer.Turn
---@field message string
---@field turn_id? string
---@field status atomizer.Status|'queued'
---@field position? integer place in the queue
---@field activity? string what is going on: a tool's name, `asking`, `retrying`
---@field blocks atomizer.Block[]
---@field usage? atomizer.Usage
---@field time? string RFC 3339

---@param message string
---@return atomizer.Turn
function M.new(message)
  return { message = message, status = 'running', blocks = {} }
end

---@param turn atomizer.Turn
---@param block atomizer.Block
local function add(turn, block)
  turn.blocks[#turn.blocks + 1] = block
end

--- Text goes on in the last block when that is of its kind.
---@param turn atomizer.Turn
---@param kind 'text'|'thinking'
---@param delta string
local function grow(turn, kind, delta)
  local last = turn.blocks[#turn.blocks]
  if not last or last.kind ~= kind then
    return add(turn, { kind = kind, text = delta })
  end
  last.text = last.text .. delta
  if kind == 'text' and last.lines then
    -- Long answers grow by a few words: only the last line has to be split again.
    local more = vim.split(delta, '\n', { plain = true })
    last.lines[#last.lines] = last.lines[#last.lines] .. more[1]
    vim.list_extend(last.lines, more, 2)
  else
    last.lines = nil
  end
end

---@param turn atomizer.Turn
---@param fits fun(block: atomizer.Block): boolean
---@return atomizer.Block?
local function find(turn, fits)
  for i = #turn.blocks, 1, -1 do
    if fits(turn.blocks[i]) then
      return turn.blocks[i]
    end
  end
end

--- What stands of the answer is `text`: text blocks are cut where it ends; where it is something else, the first
--- takes it and the others go.
---@param turn atomizer.Turn
---@param text string
local function reset(turn, text)
  local rest = text
  local kept = {} ---@type atomizer.Block[]
  local all = {} ---@type string[]
  for _, block in ipairs(turn.blocks) do
    if block.kind == 'text' then
      all[#all + 1] = block.text
    end
  end
  local prefix = vim.startswith(table.concat(all), text)
  for _, block in ipairs(turn.blocks) do
    if block.kind ~= 'text' then
      kept[#kept + 1] = block
    elseif rest ~= '' then
      block.text = prefix and rest:sub(1, #block.text) or rest
      block.lines = nil
      rest = prefix and rest:sub(#block.text + 1) or ''
      kept[#kept + 1] = block
    end
  end
  if rest ~= '' then
    kept[#kept + 1] = { kind = 'text', text = rest }
  end
  turn.blocks = kept
end

---@type table<string, fun(turn: atomizer.Turn, event: atomizer.Event)>
local on = {}

function on.started(turn, event)
  turn.turn_id = event.turnId
  turn.status = 'running'
end

function on.queued(turn, event)
  turn.status = 'queued'
  turn.position = event.position
end

function on.text(turn, event)
  turn.status, turn.activity = 'running', nil
  grow(turn, 'text', event.delta)
end

function on.thinking(turn, event)
  turn.status, turn.activity = 'running', 'thinking'
  grow(turn, 'thinking', event.delta)
end

function on.toolCall(turn, event)
  turn.status, turn.activity = 'running', event.name
  local known = find(turn, function(block)
    return block.kind == 'tool' and block.tool.id == event.id
  end)
  if known then
    known.tool.input, known.lines = event.input, nil
  else
    add(turn, { kind = 'tool', tool = { id = event.id, name = event.name, input = event.input } })
  end
end

function on.toolResult(turn, event)
  turn.activity = nil
  local block = find(turn, function(it)
    return it.kind == 'tool' and it.tool.id == event.id
  end)
  if block then
    block.tool.isError, block.tool.summary, block.lines = event.isError, event.summary, nil
  end
end

function on.permission(turn, event)
  turn.activity = event.decision == 'asked' and 'asking' or event.toolName
  local known = find(turn, function(block)
    return block.kind == 'permission' and block.permission.requestId == event.requestId
  end)
  local permission = {
    requestId = event.requestId,
    toolName = event.toolName,
    decision = event.decision,
    reason = event.reason,
  }
  if known then
    known.permission, known.lines = permission, nil
  else
    add(turn, { kind = 'permission', permission = permission })
  end
end

function on.retrying(turn, event)
  turn.activity = 'retrying'
  local text = ('The API is in trouble (%s); attempt %d of %d in %.1f s'):format(
    event.message,
    event.attempt,
    event.maxAttempts,
    event.delayMs / 1000
  )
  local last = turn.blocks[#turn.blocks]
  if last and last.kind == 'retry' then
    last.text, last.lines = text, nil
  else
    add(turn, { kind = 'retry', text = text })
  end
end

function on.canvasModification(turn, event)
  add(turn, { kind = 'canvas', modification = event.modification })
end

function on.specUpdated(turn, event)
  ---@cast event +atomizer.SpecUpdate
  local last = turn.blocks[#turn.blocks]
  local update = {
    uri = event.uri,
    studyId = event.studyId,
    hashBefore = event.hashBefore,
    hashAfter = event.hashAfter,
    valid = event.valid,
    applied = event.applied,
  }
  if
    last
    and last.kind == 'change'
    and last.update.uri == event.uri
    and last.update.applied == event.applied
  then
    last.update, last.lines = update, nil
  else
    add(turn, { kind = 'change', update = update })
  end
end

function on.usage(turn, event)
  ---@cast event +atomizer.Usage
  turn.usage = {
    inputTokens = event.inputTokens,
    outputTokens = event.outputTokens,
    costUsd = event.costUsd,
    durationMs = event.durationMs,
  }
end

function on.textReset(turn, event)
  reset(turn, event.text)
end

on['error'] = function(turn, event)
  add(turn, { kind = 'error', text = event.error.message })
end

function on.done(turn, event)
  M.finish(turn, event --[[@as atomizer.TurnResult]])
end

--- Takes one event in. An event type from the future is left alone.
---@param turn atomizer.Turn
---@param event atomizer.Event
function M.apply(turn, event)
  local handler = on[event.type]
  if handler then
    handler(turn, event)
  end
end

--- Says of each proposal what came of it, where the server applied them without asking.
---@param turn atomizer.Turn
---@param result atomizer.TurnResult
local function applied_unasked(turn, result)
  if not result.canvasApplied then
    return
  end
  local reasons = {} ---@type table<integer, string>
  for _, skipped in ipairs(result.canvasApplied.skipped) do
    reasons[skipped.index + 1] = skipped.reason
  end
  for i, modification in ipairs(result.canvasModifications) do
    for _, block in ipairs(turn.blocks) do
      if block.kind == 'canvas' and vim.deep_equal(block.modification, modification) then
        M.settle(block, reasons[i], 'applied without asking')
      end
    end
  end
end

--- A proposal was applied, or was not for a reason.
---@param block atomizer.Block
---@param reason? string
---@param words string how it was applied
function M.settle(block, reason, words)
  block.applied, block.lines = not reason, nil
  block.outcome = reason and 'not applied: ' .. reason or words
end

--- Ends the turn with its result, or with an error answer.
---@param turn atomizer.Turn
---@param result atomizer.TurnResult
function M.finish(turn, result)
  turn.turn_id = result.turnId or turn.turn_id
  turn.status, turn.activity = result.status, nil
  turn.usage = result.usage or turn.usage
  applied_unasked(turn, result)
  local told = find(turn, function(block)
    return block.kind == 'error'
  end)
  if result.error and not told then
    add(turn, { kind = 'error', text = result.error.message })
  end
end

--- The turn did not happen, or its server went away.
---@param turn atomizer.Turn
---@param status atomizer.Status
---@param reason? string
function M.fail(turn, status, reason)
  turn.status, turn.activity = status, nil
  if reason then
    add(turn, { kind = 'error', text = reason })
  end
end

---@param turn atomizer.Turn
---@return boolean
function M.is_running(turn)
  return turn.status == 'running' or turn.status == 'queued'
end

--- The answer's text alone.
---@param turn atomizer.Turn
---@return string
function M.text(turn)
  local parts = {} ---@type string[]
  for _, block in ipairs(turn.blocks) do
    if block.kind == 'text' then
      parts[#parts + 1] = block.text
    end
  end
  return table.concat(parts)
end

--- Turns from stored messages, oldest first: a user's message begins one.
---@param messages atomizer.Message[]
---@return atomizer.Turn[]
function M.from_messages(messages)
  local turns = {} ---@type atomizer.Turn[]
  for _, message in ipairs(messages) do
    local turn = turns[#turns]
    if message.role == 'user' or not turn then
      turn = M.new(message.role == 'user' and message.content or '')
      turns[#turns + 1] = turn
      turn.time = message.createdAt
    end
    turn.turn_id = message.turnId or turn.turn_id
    turn.status = message.status
    if message.role == 'assistant' then
      for _, tool in ipairs(message.toolCalls or {}) do
        add(turn, { kind = 'tool', tool = tool })
      end
      add(turn, { kind = 'text', text = message.content })
    end
  end
  return turns
end

return M
