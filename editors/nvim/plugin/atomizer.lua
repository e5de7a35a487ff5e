-- Loaded once at start: the command, the maps by name, and the server unless `vim.g.atomizer_enable` is false.
if vim.g.loaded_atomizer then
  return
end
vim.g.loaded_atomizer = true

if vim.fn.has('nvim-0.11') == 0 then
  vim.notify('atomizer needs Neovim 0.11 or newer', vim.log.levels.ERROR)
  return
end

require('atomizer.highlights').setup()

vim.api.nvim_create_user_command('Atomizer', function(command)
  require('atomizer.command').run(command)
end, {
  nargs = '*',
  range = true,
  desc = 'Atomizer studies and Claude',
  complete = function(...)
    return require('atomizer.command').complete(...)
  end,
})

for name, subcommand in pairs({
  chat = 'chat',
  ask = 'ask',
  new = 'new',
  sessions = 'sessions',
  stop = 'stop',
  mode = 'mode',
  study = 'study',
  validate = 'validate',
  diff = 'diff',
  revert = 'revert',
  history = 'history',
  usage = 'usage',
  export = 'export',
}) do
  local lhs = ('<Plug>(atomizer-%s)'):format(name)
  vim.keymap.set(
    'n',
    lhs,
    ('<Cmd>Atomizer %s<CR>'):format(subcommand),
    { desc = 'Atomizer: ' .. name }
  )
end
-- Leaves Visual mode, so that the marks of the selection are set.
vim.keymap.set('x', '<Plug>(atomizer-ask)', ":<C-u>'<,'>Atomizer ask<CR>", {
  desc = 'Atomizer: ask about the selection',
  silent = true,
})

if vim.g.atomizer_enable ~= false then
  vim.lsp.enable('atomizer')
end
