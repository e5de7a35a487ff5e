local t = require('harness')

t.test('the parts load, and without a server nothing breaks', function()
  local n = t.start()
  n:lua(
    [[for _, name in ipairs({ 'chat', 'health', 'sessions', 'study', 'complete', 'keys' }) do require('atomizer.' .. name) end]]
  )
  t.equal(n:messages(), '')
end)

t.test('an unknown option is named, the others are taken', function()
  local n = t.start()
  n:lua(
    [[require('atomizer').setup({ chatt = {}, chat = { layout = 'window', width = 30 }, mode = 'power' })]]
  )
  t.contains(n:messages(), 'unknown option "chatt"')
  t.contains(
    n:messages(),
    'option "chat.layout" is "window", and has to be one of split, float, tab'
  )
  t.equal(
    n:lua(
      [[local c = require('atomizer.config').current return { c.chat.layout, c.chat.width, c.mode }]]
    ),
    { 'split', 30, 'power' }
  )
end)

t.test('vim.g.atomizer_enable = false leaves the server alone', function()
  t.equal(t.start():lua([[return vim.lsp.is_enabled('atomizer')]]), true)
  t.equal(
    t.start({ before = 'let g:atomizer_enable = v:false' })
      :lua([[return vim.lsp.is_enabled('atomizer')]]),
    false
  )
end)

t.test('subcommands and their arguments complete', function()
  local n = t.start()
  t.equal(
    n:lua([[return vim.fn.getcompletion('Atomizer s', 'cmdline')]]),
    { 'sessions', 'stop', 'study' }
  )
  t.equal(n:lua([[return vim.fn.getcompletion('Atomizer mode ', 'cmdline')]]), { 'user', 'power' })
  t.equal(#n:lua([[return vim.fn.getcompletion('Atomizer ', 'cmdline')]]), 14)
  pcall(n.cmd, n, 'Atomizer nonsense')
  t.contains(n:messages(), 'unknown subcommand "nonsense"; there are: ask, chat, diff')
end)

t.test('no maps but those by name', function()
  local n = t.start()
  t.equal(
    n:lua([[
    local found = {}
    for _, mode in ipairs({ 'n', 'x', 'i' }) do
      for _, map in ipairs(vim.api.nvim_get_keymap(mode)) do
        if (map.rhs or ''):find('Atomizer') and not map.lhs:find('^<Plug>') then table.insert(found, map.lhs) end
      end
    end
    return found
  ]]),
    {}
  )
  t.equal(n:lua([[return vim.fn.maparg('<Plug>(atomizer-chat)', 'n')]]), '<Cmd>Atomizer chat<CR>')
end)

t.test('MD5 is that of RFC 1321', function()
  local md5 = require('atomizer.md5')
  t.equal(md5(''), 'd41d8cd98f00b204e9800998ecf8427e')
  t.equal(md5('message digest'), 'f96b697d7cb7938d525a2f31aaf161d0')
  t.equal(md5(('1234567890'):rep(8)), '57edf4a22be3c955ac49da2e2107b67a')
end)
