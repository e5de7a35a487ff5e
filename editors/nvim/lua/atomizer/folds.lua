-- Folds of the transcript: made by hand, as Neovim computes none ('foldexpr') while the user types in the prompt.
local M = {}

--- Drops the folds that are at a row of the current window: one that lies there already would go inside the next one.
---@param row integer 1-based
local function unfold(row)
  if vim.fn.foldlevel(row) == 0 then
    return
  end
  local view = vim.fn.winsaveview()
  vim.api.nvim_win_set_cursor(0, { row, 0 })
  vim.cmd('normal! zD')
  vim.fn.winrestview(view)
end

---@param win integer
---@param metas atomizer.LineMeta[]
---@param from integer 1-based
---@param to integer
---@param open table<atomizer.Block, true> those that the user has opened
local function create(win, metas, from, to, open)
  vim.api.nvim_win_call(win, function()
    local row = from
    while row <= to do
      local last = row
      if metas[row] and metas[row].fold == 'start' then
        while metas[last + 1] and metas[last + 1].fold == 'inside' do
          last = last + 1
        end
        unfold(row)
        vim.cmd(('%d,%dfold'):format(row, last))
        if open[metas[row].block] then
          vim.cmd(('%dfoldopen'):format(row))
        end
      end
      row = last + 1
    end
  end)
end

--- The row where the fold begins that `row` is inside of; else `row`.
---@param metas atomizer.LineMeta[]
---@param row integer 1-based
---@return integer
function M.start(metas, row)
  while metas[row] and metas[row].fold == 'inside' do
    row = row - 1
  end
  return row
end

--- Runs `change`, which replaces all lines from row `from` on up to some row, and folds the new ones; what the user
--- opened stays open. The lines have to be replaced from the beginning of a fold: Neovim then drops the old ones.
---@param bufnr integer
---@param metas fun(): atomizer.LineMeta[]
---@param from integer 1-based
---@param to integer last row before the change
---@param change fun(): integer last row after it
function M.around(bufnr, metas, from, to, change)
  local opened = {} ---@type table<integer, table<atomizer.Block, true>>
  local before = metas()
  for _, win in ipairs(vim.fn.win_findbuf(bufnr)) do
    opened[win] = {}
    vim.api.nvim_win_call(win, function()
      for row = from, to do
        if before[row] and before[row].fold == 'start' and vim.fn.foldclosed(row) < 0 then
          opened[win][before[row].block] = true
        end
      end
    end)
  end
  local last = change()
  for win, open in pairs(opened) do
    create(win, metas(), from, last, open)
  end
end

--- Folds all of a window that just came to show a transcript.
---@param win integer
---@param metas atomizer.LineMeta[]
function M.all(win, metas)
  vim.api.nvim_win_call(win, function()
    vim.cmd('normal! zE')
  end)
  create(win, metas, 1, #metas, {})
end

return M
