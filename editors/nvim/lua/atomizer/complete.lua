-- 'omnifunc' of the prompt: `@` names an entry of the spec, a study or a file; `/` a command.
local client_of = require('atomizer.client')
local ids = require('atomizer.ids')

local M = {}

--- Files looked at below the study's folder.
local MAX_FILES = 500
local WAIT_MS = 300

---@param root string
---@return vim.v.completed_item[]
local function entries(root)
  local bufnr = client_of.spec_buffer(root)
  if not bufnr then
    return {}
  end
  local items = {} ---@type vim.v.completed_item[]
  for _, entry in ipairs(ids.find(vim.api.nvim_buf_get_lines(bufnr, 0, -1, false))) do
    items[#items + 1] = { word = '@' .. entry.id, menu = entry.name or '', kind = 'e' }
  end
  return items
end

---@param root string
---@return vim.v.completed_item[]
local function studies(root)
  local client = client_of.running(root)
  local answer = client and client:request_sync('atomizer/study/list', vim.empty_dict(), WAIT_MS)
  local items = {} ---@type vim.v.completed_item[]
  for _, study in ipairs(answer and answer.result or {}) do
    items[#items + 1] = { word = '@' .. study.studyId, menu = 'study', kind = 's' }
  end
  return items
end

---@param root string
---@return vim.v.completed_item[]
local function files(root)
  local items = {} ---@type vim.v.completed_item[]
  local bufnr = client_of.spec_buffer(root)
  local folder = bufnr and vim.fs.dirname(vim.api.nvim_buf_get_name(bufnr)) or root
  for name, kind in vim.fs.dir(folder, { depth = 4 }) do
    if kind == 'file' and not name:find('/%.') and not vim.startswith(name, '.') then
      local path = vim.fs.relpath(root, vim.fs.joinpath(folder, name)) or name
      items[#items + 1] = { word = '@' .. path, menu = 'file', kind = 'f' }
      if #items >= MAX_FILES then
        break
      end
    end
  end
  return items
end

---@return vim.v.completed_item[]
local function commands()
  local items = {} ---@type vim.v.completed_item[]
  for name, description in vim.spairs(require('atomizer.command').slashes()) do
    items[#items + 1] = { word = '/' .. name, menu = description, kind = 'c' }
  end
  return items
end

---@param findstart 0|1
---@param base string
---@return integer|vim.v.completed_item[]
function M.omnifunc(findstart, base)
  local row, column = unpack(vim.api.nvim_win_get_cursor(0))
  if findstart == 1 then
    local before = vim.api.nvim_get_current_line():sub(1, column)
    local start = before:find('@[^%s@]*$')
    if not start and row == 1 then
      start = before:find('^/%S*$')
    end
    return start and start - 1 or -2
  end
  local items ---@type vim.v.completed_item[]
  if vim.startswith(base, '/') then
    items = commands()
  else
    local root = vim.b.atomizer_root
    items = entries(root)
    vim.list_extend(items, studies(root))
    vim.list_extend(items, files(root))
  end
  local wanted = base:lower():sub(2)
  return vim.tbl_filter(function(item)
    return item.word:lower():find(wanted, 1, true) ~= nil
      or (item.menu or ''):lower():find(wanted, 1, true) ~= nil
  end, items)
end

return M
