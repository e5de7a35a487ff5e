-- Buffer and file after a change by Claude. The server sends the change as an edit; the file has it already. Neovim
-- has to be told that both agree, or it warns (W11, W12, "changed since reading") about what is no trouble at all.
local lsp = require('atomizer.lsp')
local md5 = require('atomizer.md5')

local M = {}

local newline = { unix = '\n', dos = '\r\n', mac = '\r' }

--- The file as Neovim last took note of it, by buffer: nothing is done twice for one state of the file.
---@type table<integer, string>
local noted = {}

---@param path string
---@return string? bytes
---@return string? state what distinguishes this state of the file from others
local function read(path)
  local file = io.open(path, 'rb')
  if not file then
    return nil
  end
  local bytes = file:read('*a')
  file:close()
  local stat = vim.uv.fs_stat(path)
  if not stat then
    return nil
  end
  return bytes, ('%d:%d:%d.%d'):format(stat.ino, stat.size, stat.mtime.sec, stat.mtime.nsec)
end

--- The buffer holds what reading these bytes would give. Nil: the buffer's encoding is not UTF-8.
---@param bufnr integer
---@param bytes string
---@return boolean?
local function holds(bufnr, bytes)
  local options = vim.bo[bufnr]
  if options.fileencoding ~= '' and options.fileencoding ~= 'utf-8' then
    return nil
  end
  local separator = newline[options.fileformat]
  local lines = vim.api.nvim_buf_get_lines(bufnr, 0, -1, true)
  local text = table.concat(lines, separator)
  if options.bomb then
    text = '\239\187\191' .. text
  end
  -- A line that ends at the end of the file is the same line in the buffer.
  return text == bytes or text .. separator == bytes
end

--- Lets Neovim believe that it has just written the buffer: with a BufWriteCmd it takes the file's new time, marks
--- all undo states as changed and writes nothing. No other way takes the time without a reload, which would lose
--- undo, marks and folds.
---@param bufnr integer
---@param modified boolean the buffer has changes that the file lacks
local function take_note(bufnr, modified)
  local id = vim.api.nvim_create_autocmd('BufWriteCmd', {
    buffer = bufnr,
    callback = function()
      vim.bo[bufnr].modified = false
    end,
  })
  vim.api.nvim_buf_call(bufnr, function()
    pcall(vim.cmd, 'silent keepalt keepjumps lockmarks write!')
    vim.api.nvim_del_autocmd(id)
    if modified then
      vim.bo[bufnr].modified = true
    elseif vim.bo[bufnr].undofile then
      -- The undo file names the text that it fits: without this it would be useless after a restart.
      local path = vim.fn.undofile(vim.api.nvim_buf_get_name(bufnr))
      pcall(vim.cmd, 'silent wundo! ' .. vim.fn.fnameescape(path))
    end
  end)
end

--- Brings buffer and file together where they belong together: the buffer holds the file's text, or the file is the
--- one with the MD5 `merged`, whose changes the buffer has taken in.
---@param bufnr integer
---@param merged? string
---@return boolean done
function M.settle(bufnr, merged)
  if not vim.api.nvim_buf_is_loaded(bufnr) or vim.bo[bufnr].buftype ~= '' then
    return false
  end
  local bytes, state = read(vim.api.nvim_buf_get_name(bufnr))
  if not bytes then
    return false
  end
  local same = holds(bufnr, bytes)
  if not same and not (merged and md5(bytes) == merged) then
    return false
  end
  local modified = not same
  if noted[bufnr] == state and vim.bo[bufnr].modified == modified then
    return true
  end
  take_note(bufnr, modified)
  noted[bufnr] = state
  return true
end

--- Buffer and file belong together as they are: the same text, or the buffer has taken in what the file has.
---@param bufnr integer
---@return boolean
function M.agrees(bufnr)
  local _, state = read(vim.api.nvim_buf_get_name(bufnr))
  return state ~= nil and (noted[bufnr] == state or M.settle(bufnr))
end

--- The version of the buffer that the server was told of, or will be.
---@param bufnr integer
---@return integer
local function version(bufnr)
  return vim.lsp.util.buf_versions[bufnr]
end

--- Why an edit must not be applied, if so: it was made for another text. (Neovim itself drops such an edit and
--- says that it was applied.)
---@param change table a TextDocumentEdit or a file operation
---@return string?
local function refusal(change)
  local document = change.textDocument
  if change.kind or not document or type(document.version) ~= 'number' then
    return nil
  end
  local bufnr = vim.fn.bufnr(vim.uri_to_fname(document.uri))
  if bufnr < 0 or not vim.api.nvim_buf_is_loaded(bufnr) then
    return ('%s is not open'):format(document.uri)
  elseif version(bufnr) ~= document.version then
    return ('%s is at version %d, the edit is for %d'):format(
      document.uri,
      version(bufnr),
      document.version
    )
  elseif not vim.bo[bufnr].modifiable then
    return ('%s is not modifiable'):format(document.uri)
  end
end

--- An undo step of its own, also in the midst of typing.
---@param bufnrs integer[]
local function close_undo_block(bufnrs)
  for _, bufnr in ipairs(bufnrs) do
    vim.api.nvim_buf_call(bufnr, function()
      vim.cmd('let &g:undolevels = &g:undolevels')
    end)
  end
end

--- Without the annotations, of which Neovim 0.12 makes a message that has to be answered; the chat tells the change.
---@param edit lsp.WorkspaceEdit
---@return lsp.WorkspaceEdit
local function plain(edit)
  for _, change in ipairs(edit.documentChanges or {}) do
    for _, text_edit in ipairs(change.edits or {}) do
      text_edit.annotationId = nil
    end
  end
  edit.changeAnnotations = nil
  return edit
end

--- `workspace/applyEdit` of our server.
---@param params lsp.ApplyWorkspaceEditParams
---@param client vim.lsp.Client
---@return lsp.ApplyWorkspaceEditResult
function M.apply_edit(params, client)
  local bufnrs = {} ---@type integer[]
  for _, change in ipairs(params.edit.documentChanges or {}) do
    local reason = refusal(change)
    if reason then
      return { applied = false, failureReason = reason }
    end
    if change.textDocument then
      bufnrs[#bufnrs + 1] = vim.uri_to_bufnr(change.textDocument.uri)
    end
  end
  for uri in pairs(params.edit.changes or {}) do
    bufnrs[#bufnrs + 1] = vim.uri_to_bufnr(uri)
  end
  bufnrs = vim.tbl_filter(vim.api.nvim_buf_is_loaded, bufnrs)
  close_undo_block(bufnrs)
  local applied, reason =
    pcall(vim.lsp.util.apply_workspace_edit, plain(params.edit), client.offset_encoding)
  close_undo_block(bufnrs)
  for _, bufnr in ipairs(bufnrs) do
    M.settle(bufnr)
  end
  return { applied = applied, failureReason = not applied and tostring(reason) or nil }
end

--- A spec changed on disk and the server says how that reached us.
---@param update atomizer.SpecUpdate
function M.spec_updated(update)
  local bufnr = vim.fn.bufnr(vim.uri_to_fname(update.uri))
  if bufnr < 0 then
    return
  end
  local taken_in = update.applied == 'edit'
    or update.applied == 'inSync'
    or update.applied == 'conflict'
  M.settle(bufnr, taken_in and update.hashAfter or nil)
end

--- After a reload Neovim opens the document anew under the version it had, so that an edit made for the text before
--- would fit. A new version prevents that.
function M.setup()
  local group = vim.api.nvim_create_augroup('atomizer.sync', {})
  vim.api.nvim_create_autocmd('BufReadPost', {
    group = group,
    pattern = lsp.spec_name,
    callback = function(args)
      noted[args.buf] = nil
      vim.lsp.util.buf_versions[args.buf] = vim.api.nvim_buf_get_changedtick(args.buf)
      require('atomizer.filecheck').opened(args.buf)
    end,
  })
  vim.api.nvim_create_autocmd({ 'BufUnload', 'BufWritePost' }, {
    group = group,
    pattern = lsp.spec_name,
    callback = function(args)
      noted[args.buf] = nil
    end,
  })
end

return M
