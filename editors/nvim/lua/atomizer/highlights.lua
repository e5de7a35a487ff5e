-- Highlight groups, each linked to a standard one; a colour scheme may set any of them.
local M = {}

M.links = {
  AtomizerUser = 'Title',
  AtomizerAssistant = 'Identifier',
  AtomizerTool = 'Function',
  AtomizerThinking = 'Comment',
  AtomizerPermission = 'DiagnosticWarn',
  AtomizerChange = 'Changed',
  AtomizerWarning = 'DiagnosticWarn',
  AtomizerError = 'DiagnosticError',
  AtomizerNote = 'Comment',
  AtomizerUsage = 'NonText',
  AtomizerHint = 'NonText',
}

function M.setup()
  for name, link in pairs(M.links) do
    vim.api.nvim_set_hl(0, name, { link = link, default = true })
  end
end

return M
