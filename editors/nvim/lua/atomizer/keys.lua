-- The keys of the conversation's own buffer.
local changes = require('atomizer.changes')
local transcript = require('atomizer.transcript')

local M = {}

---@param step 1|-1
local function jump(step)
  local bufnr = vim.api.nvim_get_current_buf()
  local row = vim.api.nvim_win_get_cursor(0)[1]
  for _ = 1, vim.v.count1 do
    row = transcript.turn_row(bufnr, row, step) or row
  end
  vim.cmd("normal! m'")
  vim.api.nvim_win_set_cursor(0, { row, 0 })
end

---@return atomizer.LineMeta?
local function here()
  return transcript.line(vim.api.nvim_get_current_buf(), vim.api.nvim_win_get_cursor(0)[1])
end

---@return atomizer.Conversation
local function conversation()
  return assert(transcript.of_buffer(vim.api.nvim_get_current_buf())).conversation
end

--- The turn under the cursor, when the server knows it.
---@return string?
local function turn_id()
  local meta = here()
  if meta and meta.turn.turn_id then
    return meta.turn.turn_id
  end
  vim.notify('atomizer: no turn here', vim.log.levels.WARN)
end

local function activate()
  local meta = here()
  if meta and meta.kind == 'change' then
    changes.diff(conversation().root, meta.turn.turn_id)
  elseif meta and meta.kind == 'canvas' then
    changes.apply_canvas(conversation(), meta.turn, meta.block)
  elseif vim.fn.foldlevel('.') > 0 then
    vim.cmd('normal! za')
  end
end

---@param bufnr integer
function M.map(bufnr)
  local function key(lhs, action, description)
    vim.keymap.set('n', lhs, action, { buffer = bufnr, desc = description, nowait = true })
  end
  key(']]', function()
    jump(1)
  end, 'Next turn')
  key('[[', function()
    jump(-1)
  end, 'Previous turn')
  key('gd', function()
    local ids = require('atomizer.ids')
    local column = vim.api.nvim_win_get_cursor(0)[2]
    ids.go_to(conversation(), ids.near(vim.api.nvim_get_current_line(), column))
  end, 'Go to the entry of this id')
  key('D', function()
    local id = turn_id()
    if id then
      changes.diff(conversation().root, id)
    end
  end, 'Show what this turn changed')
  key('R', function()
    local id = turn_id()
    if id then
      changes.revert(conversation().root, id)
    end
  end, 'Revert what this turn changed')
  key('A', function()
    local meta = here()
    if meta and meta.kind == 'canvas' then
      changes.apply_canvas(conversation(), meta.turn, meta.block)
    end
  end, 'Apply what Claude proposes')
  key('<CR>', activate, 'Open what is under the cursor')
  key('<C-c>', function()
    conversation():stop()
  end, 'Stop Claude')
  key('q', function()
    require('atomizer.chat').close()
  end, 'Close the chat')
  for _, lhs in ipairs({ 'i', 'a', 'o' }) do
    key(lhs, function()
      local view = require('atomizer.chat').view()
      if view then
        vim.api.nvim_set_current_win(view.prompt_win)
        vim.cmd.startinsert({ bang = true })
      end
    end, 'Write a message')
  end
end

return M
