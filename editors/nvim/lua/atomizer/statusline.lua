-- What goes on, in a few words.
local conversations = require('atomizer.conversation')

local M = {}

local frames =
  { thinking = 'thinking', asking = 'waiting for you', retrying = 'API trouble, trying again' }

---@param conversation atomizer.Conversation
---@return string empty when nothing goes on
function M.activity(conversation)
  local running = conversation.running
  if not running then
    return conversation.last_error and 'failed' or ''
  end
  local turn = running.turn
  if turn.status == 'queued' then
    return ('queued (%d)'):format(turn.position or 1)
  end
  return turn.activity and (frames[turn.activity] or turn.activity) or 'answering'
end

--- For 'statusline': the conversations at work, and those that wait for an answer of the user first.
---@return string
function M.statusline()
  local shown ---@type string?
  local others = -1
  for _, conversation in ipairs(conversations.all) do
    local activity = conversation.running and M.activity(conversation) or ''
    if activity ~= '' then
      others = others + 1
      if not shown or activity == frames.asking then
        shown = activity
      end
    end
  end
  if not shown then
    return ''
  end
  return ('Claude: %s%s'):format(shown, others > 0 and (' (+%d)'):format(others) or '')
end

return M
