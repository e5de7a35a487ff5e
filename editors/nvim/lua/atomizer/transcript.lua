-- The conversation as a buffer: markdown that follows its turns without moving a reader.
local conversations = require('atomizer.conversation')
local folds = require('atomizer.folds')
local render = require('atomizer.render')

local M = {}

local namespace = vim.api.nvim_create_namespace('atomizer.transcript')

---@class atomizer.Transcript
---@field bufnr integer
---@field conversation atomizer.Conversation
---@field counts integer[] lines of each turn
---@field metas atomizer.LineMeta[] one for each line

---@type table<integer, atomizer.Transcript> by conversation
local of_conversation = {}
---@type table<integer, atomizer.Transcript> by buffer
local of_buffer = {}

local empty = {
  'Ask Claude about this study.',
  '',
  'Type below. `@` completes entries, studies and files, `/` commands (`<C-x><C-o>`).',
}

---@param bufnr integer
---@return atomizer.Transcript?
function M.of_buffer(bufnr)
  return of_buffer[bufnr]
end

---@param bufnr integer
---@param row integer 1-based
---@return atomizer.LineMeta?
function M.line(bufnr, row)
  local transcript = of_buffer[bufnr]
  return transcript and transcript.metas[row]
end

--- 'foldtext': the first line alone.
---@return table[]
function M.foldtext()
  local line = vim.fn.getline(vim.v.foldstart)
  local meta = M.line(vim.api.nvim_get_current_buf(), vim.v.foldstart)
  local count = vim.v.foldend - vim.v.foldstart
  return {
    { line, meta and meta.hl or 'Folded' },
    { ('  ▸ %d %s'):format(count, count == 1 and 'line' or 'lines'), 'AtomizerHint' },
  }
end

--- Where the lines of turn `index` begin (0-based).
---@param transcript atomizer.Transcript
---@param index integer
---@return integer
local function first_row(transcript, index)
  local row = 0
  for i = 1, index - 1 do
    row = row + (transcript.counts[i] or 0)
  end
  return row
end

---@param transcript atomizer.Transcript
---@param from integer 0-based
---@param to integer exclusive
local function highlight(transcript, from, to)
  vim.api.nvim_buf_clear_namespace(transcript.bufnr, namespace, from, to)
  for row = from, to - 1 do
    local meta = transcript.metas[row + 1]
    if meta and (meta.hl or meta.hint) then
      local line = vim.api.nvim_buf_get_lines(transcript.bufnr, row, row + 1, true)[1]
      vim.api.nvim_buf_set_extmark(transcript.bufnr, namespace, row, 0, {
        end_col = meta.hl and #line or nil,
        hl_group = meta.hl,
        virt_text = meta.hint and { { meta.hint, 'AtomizerHint' } } or nil,
        virt_text_pos = meta.hint and 'eol_right_align' or nil,
        priority = 150,
      })
    end
  end
end

--- Replaces `count` lines from `first` (0-based) by `lines`, touching only those that differ.
---@param transcript atomizer.Transcript
---@param first integer
---@param count integer
---@param lines string[]
---@param metas atomizer.LineMeta[]
local function replace(transcript, first, count, lines, metas)
  local bufnr = transcript.bufnr
  local old = vim.api.nvim_buf_get_lines(bufnr, first, first + count, true)
  local same = 0
  while same < #lines and same < count and lines[same + 1] == old[same + 1] do
    same = same + 1
  end
  -- A line may become something else without other words: its fold or colour.
  for i = 1, same do
    local before, after = transcript.metas[first + i], metas[i]
    if
      not before
      or before.fold ~= after.fold
      or before.hl ~= after.hl
      or before.hint ~= after.hint
    then
      same = i - 1
      break
    end
  end
  local from = folds.start(metas, same + 1) - 1
  folds.around(
    bufnr,
    function()
      return transcript.metas
    end,
    first + from + 1,
    first + count,
    function()
      local all = vim.list_slice(transcript.metas, 1, first)
      vim.list_extend(all, metas)
      vim.list_extend(all, transcript.metas, first + count + 1)
      transcript.metas = all
      vim.bo[bufnr].modifiable = true
      vim.api.nvim_buf_set_lines(
        bufnr,
        first + from,
        first + count,
        true,
        vim.list_slice(lines, from + 1)
      )
      vim.bo[bufnr].modifiable = false
      return first + #lines
    end
  )
  highlight(transcript, first + from, first + #lines)
end

--- Windows that show the end, before a change: they follow it.
---@param bufnr integer
---@return integer[]
local function following(bufnr)
  local last = vim.api.nvim_buf_line_count(bufnr)
  return vim.tbl_filter(function(win)
    return vim.api.nvim_win_get_cursor(win)[1] >= last
  end, vim.fn.win_findbuf(bufnr))
end

---@param transcript atomizer.Transcript
---@param change fun()
local function keeping_readers(transcript, change)
  local followers = following(transcript.bufnr)
  change()
  local last = vim.api.nvim_buf_line_count(transcript.bufnr)
  for _, win in ipairs(followers) do
    vim.api.nvim_win_set_cursor(win, { last, 0 })
  end
end

---@param transcript atomizer.Transcript
local function write_all(transcript)
  local conversation = transcript.conversation
  local lines, metas, counts = {}, {}, {} ---@type string[], atomizer.LineMeta[], integer[]
  for i, turn in ipairs(conversation.turns) do
    local turn_lines, turn_metas = render.turn(turn, M.context(conversation))
    vim.list_extend(lines, turn_lines)
    vim.list_extend(metas, turn_metas)
    counts[i] = #turn_lines
  end
  if #lines == 0 then
    lines = empty
  end
  transcript.counts, transcript.metas = counts, {}
  replace(transcript, 0, vim.api.nvim_buf_line_count(transcript.bufnr), lines, metas)
end

---@param conversation atomizer.Conversation
---@return atomizer.RenderContext
function M.context(conversation)
  return { root = conversation.root, fold = require('atomizer.config').current.chat.fold }
end

---@param conversation atomizer.Conversation
---@param change atomizer.Change
local function update(conversation, change)
  local transcript = of_conversation[conversation.id]
  if change == 'heading' or not transcript or not vim.api.nvim_buf_is_loaded(transcript.bufnr) then
    return
  end
  keeping_readers(transcript, function()
    local index ---@type integer?
    for i = #conversation.turns, 1, -1 do
      if conversation.turns[i] == change then
        index = i
        break
      end
    end
    if not index or index > #transcript.counts + 1 or #transcript.counts == 0 then
      return write_all(transcript)
    end
    local lines, metas = render.turn(conversation.turns[index], M.context(conversation))
    replace(transcript, first_row(transcript, index), transcript.counts[index] or 0, lines, metas)
    transcript.counts[index] = #lines
  end)
end
table.insert(conversations.listeners, update)

--- The buffer of a conversation, made when first asked for.
---@param conversation atomizer.Conversation
---@return integer bufnr
function M.buffer(conversation)
  local known = of_conversation[conversation.id]
  if known and vim.api.nvim_buf_is_loaded(known.bufnr) then
    return known.bufnr
  end
  local bufnr = vim.api.nvim_create_buf(false, true)
  vim.api.nvim_buf_set_name(bufnr, ('atomizer://chat/%d'):format(conversation.id))
  local transcript = { bufnr = bufnr, conversation = conversation, counts = {}, metas = {} }
  of_conversation[conversation.id], of_buffer[bufnr] = transcript, transcript
  vim.b[bufnr].atomizer_root = conversation.root
  vim.bo[bufnr].bufhidden = 'hide'
  vim.bo[bufnr].swapfile = false
  vim.bo[bufnr].undolevels = -1
  vim.bo[bufnr].filetype = 'markdown'
  pcall(vim.treesitter.start, bufnr, 'markdown')
  write_all(transcript)
  vim.api.nvim_create_autocmd('BufUnload', {
    buffer = bufnr,
    callback = function()
      of_buffer[bufnr], of_conversation[conversation.id] = nil, nil
    end,
  })
  return bufnr
end

--- Folds a window that just came to show this buffer.
---@param win integer
function M.fold(win)
  folds.all(win, of_buffer[vim.api.nvim_win_get_buf(win)].metas)
end

--- The row (1-based) of the next or the previous turn.
---@param bufnr integer
---@param row integer
---@param step 1|-1
---@return integer?
function M.turn_row(bufnr, row, step)
  local metas = of_buffer[bufnr].metas
  local at = row + step
  while metas[at] do
    if metas[at].kind == 'you' then
      return at
    end
    at = at + step
  end
end

return M
