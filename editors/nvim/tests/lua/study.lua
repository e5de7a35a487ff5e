-- A root with one study, and a Neovim that has its spec open with the fake server attached.
local t = require('harness')

local M = {}

M.spec = [[
{
  "meta": { "version": "2.0", "study_name": "bracket" },
  "design_variables": [
    {
      "id": "dv_001",
      "name": "web thickness",
      "bounds": { "min": 4, "max": 12 }
    },
    { "id": "dv_002", "name": "flange width", "bounds": { "min": 20, "max": 60 } }
  ],
  "objectives": [
    { "id": "obj_001", "name": "mass", "direction": "minimize" }
  ]
}
]]

--- Writes the study below the home of `n`; gives the spec's path.
---@param n Neovim
---@param name? string
---@param text? string
---@return string
function M.lay(n, name, text)
  return n:write(('root/studies/%s/atomizer_spec.json'):format(name or 'bracket'), text or M.spec)
end

--- A Neovim with the spec open and the fake server there.
---@param options? StartOptions
---@return Neovim n
---@return string path
function M.open(options)
  local n = t.start(options)
  local path = M.lay(n)
  n:lua([[vim.lsp.config('atomizer', { cmd = require('fake').cmd })]])
  n:cmd('edit ' .. path)
  n:wait([[vim.lsp.get_clients({ name = 'atomizer' })[1] ~= nil]])
  n:wait([[require('fake').last('textDocument/didOpen') ~= nil]])
  return n, path
end

--- Opens the chat and says something; returns when the server has the message.
---@param n Neovim
---@param message? string
function M.say(n, message)
  n:cmd('Atomizer chat ' .. (message or 'thicken the web'))
  n:wait([[#require('fake').chats > 0]])
end

--- The lines of the conversation.
---@param n Neovim
---@return string[]
function M.transcript(n)
  return n:lua([[
    local view = require('atomizer.chat').view()
    return vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(view.transcript_win), 0, -1, true)
  ]])
end

--- Waits until the conversation holds a text.
---@param n Neovim
---@param part string
function M.sees(n, part)
  n:wait(
    [[(function(part)
    local view = require('atomizer.chat').view()
    local lines = vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(view.transcript_win), 0, -1, true)
    return table.concat(lines, '\n'):find(part, 1, true)
  end)(...)]],
    part
  )
end

return M
