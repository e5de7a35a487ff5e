-- What the server sends, handed to the part that it is for.
local ask = require('atomizer.ask')
local conversation = require('atomizer.conversation')
local filecheck = require('atomizer.filecheck')
local sync = require('atomizer.sync')
local util = require('atomizer.util')

local M = {}

---@param ctx lsp.HandlerContext
---@return vim.lsp.Client
local function client_of(ctx)
  return assert(vim.lsp.get_client_by_id(ctx.client_id))
end

---@type table<string, lsp.Handler>
M.handlers = {
  ['$/progress'] = function(err, params, ctx)
    if not conversation.progress(params.token, params.value) then
      return vim.lsp.handlers['$/progress'](err, params, ctx)
    end
  end,
  ['workspace/applyEdit'] = function(_, params, ctx)
    return sync.apply_edit(params, client_of(ctx))
  end,
  ['atomizer/specUpdated'] = function(_, params)
    local update = util.clean(params)
    sync.spec_updated(update)
    filecheck.spec_updated(update)
    util.emit('AtomizerSpecUpdated', update)
  end,
  ['atomizer/sessionChanged'] = function(_, params, ctx)
    conversation.session_changed(client_of(ctx).root_dir, util.clean(params.session))
  end,
  ['atomizer/permission'] = function(_, params, ctx)
    return ask.permission(params, client_of(ctx))
  end,
  ['atomizer/permissionWithdrawn'] = function(_, params)
    ask.withdraw(params)
  end,
  ['atomizer/conflict'] = function(_, params, ctx)
    return ask.conflict(params, client_of(ctx))
  end,
}

--- Commands that code lenses and code actions of the server carry.
---@type table<string, fun(command: lsp.Command, ctx: table)>
M.commands = {
  -- Opens the chat about a document, with the message in its input, not yet sent.
  ['atomizer.openChat'] = function(command)
    local about = util.clean(command.arguments[1])
    require('atomizer.chat').prepare(about.message, {
      bufnr = vim.uri_to_bufnr(about.textDocument.uri),
      selection = about.selection,
    })
  end,
  ['atomizer.showReferences'] = function(command, ctx)
    local client = client_of(ctx)
    local locations = command.arguments[3]
    if #locations == 0 then
      vim.notify('atomizer: nothing uses this')
      return
    end
    local items = vim.lsp.util.locations_to_items(locations, client.offset_encoding)
    vim.fn.setqflist({}, ' ', { title = command.title, items = items })
    vim.cmd('botright copen')
  end,
  ['atomizer.study.validate'] = function(command)
    require('atomizer.study').validate(command.arguments[1])
  end,
}

return M
