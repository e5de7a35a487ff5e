-- What a turn changed: shown, taken back; and what Claude proposes for the canvas, applied.
local client_of = require('atomizer.client')
local config = require('atomizer.config')
local turns = require('atomizer.turn')
local util = require('atomizer.util')

local M = {}

local applied_words = {
  edit = 'reverted in the buffer',
  disk = 'reverted on disk',
  inSync = 'had that text already',
  conflict = 'reverted, but for what changed since',
  rejected = 'could not be reverted in the buffer',
  invalid = 'is no valid JSON now and was left alone',
}

---@param root string
---@param operation string
---@param params table
---@param callback fun(result: any, client: vim.lsp.Client)
---@param finally? fun() called in any case, last
local function ask(root, operation, params, callback, finally)
  finally = finally or function() end
  client_of.with(root, function(client)
    if not client then
      return finally()
    end
    client_of.request(client, operation, params, function(result, err)
      if not err then
        callback(util.clean(result), client)
      end
      finally()
    end)
  end)
end

---@param text string?
---@return string[]
local function lines_of(text)
  local lines = vim.split(text or '', '\r?\n')
  if #lines > 1 and lines[#lines] == '' then
    lines[#lines] = nil
  end
  return lines
end

--- Before and after of every spec that the turn changed, side by side, a tab page each.
---@param root string
---@param turn_id string
function M.diff(root, turn_id)
  ask(root, 'turn/diff', { turnId = turn_id }, function(diffs)
    if #diffs == 0 then
      vim.notify('atomizer: this turn changed no spec')
      return
    end
    for _, diff in ipairs(diffs) do
      local path = vim.uri_to_fname(diff.uri)
      local name = vim.fs.relpath(root, path) or path
      local before = util.scratch(
        ('atomizer://%s/before/%s'):format(turn_id, name),
        lines_of(diff.before),
        'json'
      )
      local after =
        util.scratch(('atomizer://%s/after/%s'):format(turn_id, name), lines_of(diff.after), 'json')
      vim.cmd.tabnew()
      vim.bo.bufhidden = 'wipe'
      vim.api.nvim_win_set_buf(0, before)
      vim.cmd.diffthis()
      vim.api.nvim_win_call(
        vim.api.nvim_open_win(after, true, { split = 'right' }),
        vim.cmd.diffthis
      )
      vim.cmd('normal! gg')
      for _, bufnr in ipairs({ before, after }) do
        vim.keymap.set(
          'n',
          'q',
          '<Cmd>tabclose<CR>',
          { buffer = bufnr, desc = 'Close', nowait = true }
        )
      end
    end
  end)
end

--- Every spec as it was before the turn.
---@param root string
---@param turn_id string
function M.revert(root, turn_id)
  if config.current.confirm_revert then
    local answer = vim.fn.confirm('Revert what this turn of Claude changed?', '&Revert\n&Cancel', 2)
    if answer ~= 1 then
      return
    end
  end
  local filecheck = require('atomizer.filecheck')
  filecheck.hold(root)
  ask(root, 'turn/revert', { turnId = turn_id }, function(result)
    local lines = {} ---@type string[]
    for _, change in ipairs(result.changes) do
      local path = vim.uri_to_fname(change.uri)
      lines[#lines + 1] = ('%s %s'):format(
        vim.fs.relpath(root, path) or path,
        applied_words[change.applied] or change.applied
      )
      vim.schedule(function()
        require('atomizer.sync').spec_updated({
          uri = change.uri,
          applied = change.applied,
          valid = true,
        })
      end)
    end
    vim.notify(
      'atomizer: ' .. (#lines > 0 and table.concat(lines, '\n') or 'this turn changed no spec')
    )
  end, function()
    vim.schedule(function()
      filecheck.release(root)
    end)
  end)
end

--- Applies a proposed canvas modification to the study of the conversation.
---@param conversation atomizer.Conversation
---@param turn atomizer.Turn
---@param block atomizer.Block
function M.apply_canvas(conversation, turn, block)
  if block.applied then
    vim.notify('atomizer: this is applied already')
    return
  end
  local study_id = conversation.study_id or conversation.chosen_study
  local bufnr = not study_id and client_of.spec_buffer(conversation.root) or nil
  local params = {
    studyId = study_id,
    textDocument = bufnr and { uri = vim.uri_from_bufnr(bufnr) } or nil,
    modifications = { block.modification.modification or block.modification },
  }
  ask(conversation.root, 'canvas/apply', params, function(result)
    local skipped = result.skipped and result.skipped[1]
    turns.settle(block, skipped and skipped.reason, 'applied')
    conversation:changed(turn)
    vim.notify(
      'atomizer: ' .. block.outcome,
      skipped and vim.log.levels.WARN or vim.log.levels.INFO
    )
  end)
end

return M
