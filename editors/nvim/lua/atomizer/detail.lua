-- What a question is about, in a float above it: as much as fits, and the whole of it in a tab page when wanted.
local util = require('atomizer.util')

local M = {}

--- Rows of the screen below the float: prompt, hint and rest of Neovim's own picker, beside a row for each choice.
local PICKER_ROWS = 4

--- Lines as the rows that they take in a window of this width.
---@param lines string[]
---@param width integer
---@return string[]
local function rows_of(lines, width)
  local rows = {} ---@type string[]
  for _, line in ipairs(lines) do
    local at = 1
    repeat
      -- No character takes more than four bytes.
      local rest = line:sub(at, at + 4 * width - 1)
      local count = width
      local row = vim.fn.strcharpart(rest, 0, count)
      while count > 1 and vim.fn.strdisplaywidth(row) > width do
        count = count - 1
        row = vim.fn.strcharpart(rest, 0, count)
      end
      rows[#rows + 1] = row
      at = at + math.max(1, #row)
    until at > #line
  end
  return rows
end

--- The beginning and the end of what does not fit, and how much is between them.
---@param lines string[]
---@param width integer
---@param height integer
---@return string[] shown
---@return boolean whole
function M.fit(lines, width, height)
  local rows = rows_of(lines, width)
  if #rows <= height then
    return lines, true
  end
  local tail = math.floor((height - 1) / 3)
  local head = math.max(1, height - 1 - tail)
  local shown = vim.list_slice(rows, 1, head)
  shown[#shown + 1] = ('… %d lines more'):format(#rows - head - tail)
  return vim.list_extend(shown, rows, #rows - tail + 1), false
end

--- Shows lines in a float that leaves room for a picker.
---@param title string
---@param lines string[]
---@param choices integer how many the picker offers
---@return integer win
---@return boolean whole nothing had to be left out
function M.open(title, lines, choices)
  local width = math.min(math.max(40, vim.o.columns - 8), 100)
  -- The border takes two rows, and the float begins in the second.
  local height = math.max(3, vim.o.lines - 3 - PICKER_ROWS - choices)
  local shown, whole = M.fit(lines, width, height)
  local bufnr = vim.api.nvim_create_buf(false, true)
  vim.api.nvim_buf_set_lines(bufnr, 0, -1, false, shown)
  vim.bo[bufnr].bufhidden = 'wipe'
  vim.bo[bufnr].filetype = 'markdown'
  local win = vim.api.nvim_open_win(bufnr, false, {
    relative = 'editor',
    row = 1,
    col = math.max(0, math.floor((vim.o.columns - width) / 2)),
    width = width,
    height = height,
    border = 'rounded',
    title = (' %s '):format(title),
    style = 'minimal',
    zindex = 60,
  })
  vim.wo[win].wrap = true
  vim.wo[win].conceallevel = 0
  local taken = vim.api.nvim_win_text_height(win, {}).all
  vim.api.nvim_win_set_height(win, math.max(1, math.min(taken, height)))
  return win, whole
end

--- Shows all of it in a tab page; `closed` is called when the reader has closed it.
---@param title string
---@param lines string[]
---@param closed fun()
function M.read(title, lines, closed)
  local bufnr = util.scratch('atomizer://question/' .. title, lines, 'markdown')
  vim.cmd('tab sbuffer ' .. bufnr)
  vim.cmd.stopinsert()
  vim.keymap.set('n', 'q', '<Cmd>close<CR>', { buffer = bufnr, desc = 'Close', nowait = true })
  vim.api.nvim_create_autocmd('BufWipeout', { buffer = bufnr, once = true, callback = closed })
end

return M
