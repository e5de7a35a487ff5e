-- What a configuration calls. Everything works without `setup`.
local M = {}

--- Options; each is checked, and those that are wrong are named and left out. See |atomizer-config|.
---@param options? atomizer.Config
function M.setup(options)
  vim.validate('options', options, 'table', true)
  local config = require('atomizer.config')
  for _, problem in ipairs(config.set(options)) do
    vim.notify(('atomizer: %s; see :help atomizer-config'):format(problem), vim.log.levels.WARN)
  end
  local lsp = require('atomizer.lsp')
  vim.lsp.config(lsp.name, {
    cmd = lsp.command(),
    settings = { atomizer = config.current.settings },
  })
end

--- For 'statusline': empty when Claude is not at work.
---@return string
function M.statusline()
  -- Nothing is loaded before it is needed.
  local loaded = package.loaded['atomizer.conversation'] ~= nil
  return loaded and require('atomizer.statusline').statusline() or ''
end

--- Opens the chat; with a message, says it.
---@param message? string
---@param options? atomizer.SendOptions
function M.chat(message, options)
  require('atomizer.chat').say(message, options)
end

--- Ends the running turn of the conversation in front.
---@return boolean running there was one
function M.stop()
  local conversation = require('atomizer.chat').conversation()
  return conversation ~= nil and conversation:stop()
end

return M
