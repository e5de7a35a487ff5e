-- Neovim's own look at a spec's file (|timestamp|: `:checktime`, FocusGained, entering the buffer) is put off while
-- Claude works on the root. Claude writes the file, the edit for the buffer comes a moment later, and between the two
-- Neovim would warn (W11, W12) or, with 'autoread', read the file anew and lose folds and marks.
local conversations = require('atomizer.conversation')
local lsp = require('atomizer.lsp')
local sync = require('atomizer.sync')

local M = {}

---@type table<string, integer> by root: how many are at work on it
local at_work = {}
--- Buffers whose file is not looked at, with the 'autoread' of their own that they had (nil: none).
---@type table<integer, { root: string, autoread?: boolean }>
local held = {}
--- Buffers whose file was seen to be another one meanwhile.
---@type table<integer, true>
local unseen = {}

local group = vim.api.nvim_create_augroup('atomizer.filecheck', {})

---@param bufnr integer
---@param root string
local function hold_buffer(bufnr, root)
  local known = held[bufnr] ~= nil
  held[bufnr] = held[bufnr] or { root = root, autoread = vim.bo[bufnr].autoread }
  -- With it Neovim reads the file without asking FileChangedShell.
  vim.bo[bufnr].autoread = false
  if known then
    return -- opened again: its autocommand is there, its option was not
  end
  vim.api.nvim_create_autocmd('FileChangedShell', {
    group = group,
    buffer = bufnr,
    callback = function()
      vim.v.fcs_choice = ''
      unseen[bufnr] = true
    end,
  })
end

--- Tells what Neovim would have told: it has taken note of the file's time and will not look again by itself.
---@param bufnr integer
local function tell(bufnr)
  local path = vim.api.nvim_buf_get_name(bufnr)
  local folder = vim.fs.basename(vim.fs.dirname((path:gsub('/1_setup/[^/]*$', ''))))
  local autoread = vim.bo[bufnr].autoread
  if autoread == nil then
    autoread = vim.go.autoread
  end
  -- Short enough not to ask for <Enter>.
  if not vim.uv.fs_stat(path) then
    vim.notify(('atomizer: the spec of %s is gone from disk'):format(folder), vim.log.levels.WARN)
  elseif autoread and not vim.bo[bufnr].modified then
    vim.api.nvim_buf_call(bufnr, function()
      vim.cmd('silent edit')
    end)
  else
    local text = 'atomizer: the spec of %s changed on disk; :edit! reads it'
    vim.notify(text:format(folder), vim.log.levels.WARN)
  end
end

--- Nothing is hidden for good: buffer and file agree now, or the user is told.
---@param bufnr integer
function M.settle(bufnr)
  if unseen[bufnr] and vim.api.nvim_buf_is_loaded(bufnr) and not sync.agrees(bufnr) then
    tell(bufnr)
  end
  unseen[bufnr] = nil
end

---@param bufnr integer
local function release_buffer(bufnr)
  local before = held[bufnr]
  held[bufnr] = nil
  if vim.api.nvim_buf_is_valid(bufnr) then
    vim.api.nvim_clear_autocmds({ group = group, buffer = bufnr })
    vim.api.nvim_buf_call(bufnr, function()
      vim.api.nvim_set_option_value('autoread', before.autoread, { scope = 'local' })
    end)
  end
  M.settle(bufnr)
end

---@param bufnr integer
---@return string? root that somebody is at work on
local function busy_root(bufnr)
  if not (vim.api.nvim_buf_is_loaded(bufnr) and lsp.is_spec(bufnr)) then
    return nil
  end
  for root in pairs(at_work) do
    if vim.fs.relpath(root, vim.api.nvim_buf_get_name(bufnr)) then
      return root
    end
  end
end

--- From now on the files of the root's specs change before their buffers do.
---@param root string
function M.hold(root)
  at_work[root] = (at_work[root] or 0) + 1
  for _, bufnr in ipairs(vim.api.nvim_list_bufs()) do
    if busy_root(bufnr) then
      hold_buffer(bufnr, root)
    end
  end
end

--- Whoever called `hold` is done.
---@param root string
function M.release(root)
  at_work[root] = at_work[root] > 1 and at_work[root] - 1 or nil
  if at_work[root] then
    return
  end
  for bufnr, before in pairs(held) do
    if before.root == root then
      release_buffer(bufnr)
    end
  end
end

--- A spec was opened, perhaps in the midst of a turn.
---@param bufnr integer
function M.opened(bufnr)
  local root = busy_root(bufnr)
  if root then
    hold_buffer(bufnr, root)
  end
end

--- A spec changed and the server says how that reached us: not by an edit, so that no edit has to be waited for.
---@param update atomizer.SpecUpdate
function M.spec_updated(update)
  local bufnr = vim.fn.bufnr(vim.uri_to_fname(update.uri))
  local waits = update.applied == 'edit'
    or update.applied == 'inSync'
    or update.applied == 'conflict'
  if bufnr > 0 and not waits then
    M.settle(bufnr)
  end
end

---@type table<integer, true> conversations that hold their root
local working = {}
table.insert(conversations.listeners, function(conversation)
  local runs = conversation.running and true or nil
  if working[conversation.id] ~= runs then
    working[conversation.id] = runs
    local change = runs and M.hold or M.release
    change(conversation.root)
  end
end)

return M
