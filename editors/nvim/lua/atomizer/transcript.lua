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

--- A line may become something else without other words: its fold or colour.
---@param before? atomizer.LineMeta
---@param after? atomizer.LineMeta
---@return boolean
local function looks_the_same(before, after)
  return before ~= nil
    and after ~= nil
    and before.fold == after.fold
    and before.hl == after.hl
    and before.hint == after.hint
end

--- How many lines at the beginning and at the end stay as they are. Between them is everything that has to be written
--- anew; no fold is cut in two.
---@param old { lines: string[], metas: atomizer.LineMeta[] }
---@param new { lines: string[], metas: atomizer.LineMeta[] }
---@return integer above
---@return integer below
local function unchanged(old, new)
  local function same(i, j)
    return old.lines[i] == new.lines[j] and looks_the_same(old.metas[i], new.metas[j])
  end
  local shorter = math.min(#old.lines, #new.lines)
  local above = 0
  while above < shorter and same(above + 1, above + 1) do
    above = above + 1
  end
  local below = 0
  while below < shorter - above and same(#old.lines - below, #new.lines - below) do
    below = below + 1
  end
  if above < #old.lines or above < #new.lines then
    above = math.min(folds.start(new.metas, above + 1), folds.start(old.metas, above + 1)) - 1
  end
  local function inside(metas)
    local meta = metas[#metas - below + 1]
    return meta ~= nil and meta.fold == 'inside'
  end
  while below > 0 and (inside(new.metas) or inside(old.metas)) do
    below = below - 1
  end
  return above, below
end

--- Replaces `count` lines from `first` (0-based) by `lines`, touching only those that differ.
---@param transcript atomizer.Transcript
---@param first integer
---@param count integer
---@param lines string[]
---@param metas atomizer.LineMeta[]
local function replace(transcript, first, count, lines, metas)
  local bufnr = transcript.bufnr
  local above, below = unchanged({
    lines = vim.api.nvim_buf_get_lines(bufnr, first, first + count, true),
    metas = vim.list_slice(transcript.metas, first + 1, first + count),
  }, { lines = lines, metas = metas })
  local from, to = first + above, first + count - below
  folds.around(
    bufnr,
    function()
      return transcript.metas
    end,
    from + 1,
    to,
    function()
      local all = vim.list_slice(transcript.metas, 1, first)
      vim.list_extend(all, metas)
      vim.list_extend(all, transcript.metas, first + count + 1)
      transcript.metas = all
      if above + below < math.max(count, #lines) then
        vim.bo[bufnr].modifiable = true
        local written = vim.list_slice(lines, above + 1, #lines - below)
        vim.api.nvim_buf_set_lines(bufnr, from, to, true, written)
        vim.bo[bufnr].modifiable = false
      end
      return first + #lines - below
    end
  )
  highlight(transcript, from, first + #lines - below)
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

--- Runs a change of the text; who was at the end is at the end again, for the others what they read stays where it is
--- on their screen.
---@param transcript atomizer.Transcript
---@param change fun()
local function keeping_readers(transcript, change)
  local bufnr = transcript.bufnr
  local followers = following(bufnr)
  local views = {} ---@type table<integer, vim.fn.winsaveview.ret>
  for _, win in ipairs(vim.fn.win_findbuf(bufnr)) do
    if not vim.list_contains(followers, win) then
      views[win] = vim.api.nvim_win_call(win, vim.fn.winsaveview)
    end
  end
  change()
  local last = vim.api.nvim_buf_line_count(bufnr)
  for _, win in ipairs(followers) do
    vim.api.nvim_win_set_cursor(win, { last, 0 })
  end
  for win, view in pairs(views) do
    -- Neovim has moved the cursor with its text.
    local moved = vim.api.nvim_win_get_cursor(win)[1] - view.lnum
    vim.api.nvim_win_call(win, function()
      local topline = math.max(1, view.topline + moved)
      if vim.fn.line('w0') ~= topline then
        vim.fn.winrestview({ topline = topline, topfill = view.topfill, skipcol = view.skipcol })
      end
    end)
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
  transcript.counts = counts
  replace(transcript, 0, vim.api.nvim_buf_line_count(transcript.bufnr), lines, metas)
end

---@param conversation atomizer.Conversation
---@return atomizer.RenderContext
function M.context(conversation)
  return {
    root = conversation.root,
    fold = require('atomizer.config').current.chat.fold,
    is_open = function(uri)
      return vim.fn.bufloaded(vim.uri_to_fname(uri)) == 1
    end,
  }
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
