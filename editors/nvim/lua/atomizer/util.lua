-- Small things that several parts need.
local M = {}

--- JSON's null as Lua's nil, in tables of tables. The document of a `specUpdated` is left alone: it may be large.
---@generic T
---@param value T
---@return T
function M.clean(value)
  if type(value) ~= 'table' then
    return value
  end
  for key, inner in pairs(value) do
    if inner == vim.NIL then
      value[key] = nil
    elseif type(inner) == 'table' and key ~= 'spec' then
      M.clean(inner)
    end
  end
  return value
end

--- Fires a `User` autocommand.
---@param name string
---@param data table
function M.emit(name, data)
  vim.api.nvim_exec_autocmds('User', { pattern = name, modeline = false, data = data })
end

--- A read-only buffer that holds `lines`, for a window of its own.
---@param name string
---@param lines string[]
---@param filetype string
---@return integer
function M.scratch(name, lines, filetype)
  local bufnr = vim.fn.bufnr('^' .. vim.fn.escape(name, '[]*?\\{}') .. '$')
  if bufnr < 0 then
    bufnr = vim.api.nvim_create_buf(false, true)
    vim.api.nvim_buf_set_name(bufnr, name)
  end
  vim.bo[bufnr].modifiable = true
  vim.api.nvim_buf_set_lines(bufnr, 0, -1, false, lines)
  vim.bo[bufnr].modifiable = false
  vim.bo[bufnr].bufhidden = 'wipe'
  vim.bo[bufnr].filetype = filetype
  return bufnr
end

return M
