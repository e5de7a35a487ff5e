-- A server inside Neovim: answers what a case tells it to, and sends what a case wants sent.
local M = {}

---@type table<string, fun(params: table): any, table?> method → result, or nil and an error
M.answers = {}
--- Everything that came, in order: { method, params }.
M.received = {}
--- What the client answered to our requests, in order: { result, error }.
M.replies = {}

---@type vim.lsp.rpc.Dispatchers
local dispatchers
--- Chats that wait for their end: the reply functions, in order.
M.chats = {}

local defaults = {
  initialize = function()
    return {
      capabilities = {
        positionEncoding = 'utf-8',
        textDocumentSync = { openClose = true, change = 2 },
        experimental = { atomizer = { protocolVersion = 1 } },
      },
      serverInfo = { name = 'atomizer-lsp' },
    }
  end,
  shutdown = function()
    return vim.NIL
  end,
}

---@param given vim.lsp.rpc.Dispatchers
---@return vim.lsp.rpc.PublicClient
function M.cmd(given)
  dispatchers = given
  local closing, id = false, 0
  return {
    request = function(method, params, callback)
      id = id + 1
      table.insert(M.received, { method = method, params = params })
      if method == 'atomizer/chat' and not M.answers[method] then
        table.insert(M.chats, { token = params.partialResultToken, reply = callback })
        return true, id
      end
      local answer = M.answers[method] or defaults[method]
      vim.schedule(function()
        if not answer then
          return callback({ code = -32601, message = 'not here: ' .. method })
        end
        local result, err = answer(params)
        callback(err, result)
      end)
      return true, id
    end,
    notify = function(method, params)
      table.insert(M.received, { method = method, params = params })
      if method == 'exit' then
        closing = true
        dispatchers.on_exit(0, 0)
      end
      return true
    end,
    is_closing = function()
      return closing
    end,
    terminate = function()
      closing = true
      dispatchers.on_exit(0, 15)
    end,
  }
end

--- The last params received for a method.
---@param method string
---@return table?
function M.last(method)
  for i = #M.received, 1, -1 do
    if M.received[i].method == method then
      return M.received[i].params
    end
  end
end

---@param method string
---@param params table
function M.notify(method, params)
  dispatchers.notification(method, params)
end

--- Asks the client something; its answer ends up in `replies`.
---@param method string
---@param params table
function M.request(method, params)
  coroutine.wrap(function()
    local result, err = dispatchers.server_request(method, params)
    table.insert(M.replies, { result = result, error = err })
  end)()
end

--- Sends one event of the chat that began last.
---@param event table
function M.event(event)
  M.notify('$/progress', { token = M.chats[#M.chats].token, value = event })
end

--- Ends the chat that began last.
---@param result table
function M.finish(result)
  local all = vim.tbl_extend('keep', result, {
    sessionId = 'abcd1234',
    turnId = 'turn-1',
    status = 'completed',
    text = '',
    toolCalls = {},
    canvasModifications = {},
    specUpdates = {},
  })
  M.event(vim.tbl_extend('force', vim.deepcopy(all), { type = 'done' }))
  M.chats[#M.chats].reply(nil, all)
end

--- The usual beginning.
---@param turn_id? string
function M.started(turn_id)
  M.event({ type = 'started', sessionId = 'abcd1234', turnId = turn_id or 'turn-1' })
end

return M
