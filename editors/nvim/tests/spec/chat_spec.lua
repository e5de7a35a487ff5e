local t = require('harness')
local study = require('study')

t.test('a message goes out with the spec in front, and its answer streams in', function()
  local n, path = study.open()
  study.say(n, 'thicken the web')
  local params = n:lua([[return require('fake').last('atomizer/chat')]])
  t.equal(params.message, 'thicken the web')
  t.equal(params.mode, 'user')
  t.equal(params.textDocument.uri, vim.uri_from_fname(path))
  n:lua([[
    local fake = require('fake')
    fake.started()
    fake.event({ type = 'text', delta = 'The web is ' })
    fake.event({ type = 'text', delta = 'now 14 mm.\nAnd so on.' })
  ]])
  study.sees(n, 'The web is now 14 mm.')
  t.equal(n:lua([[return require('atomizer').statusline()]]), 'Claude: answering')
  n:lua(
    [[require('fake').finish({ usage = { inputTokens = 1234, outputTokens = 56, costUsd = 0.0123, durationMs = 4200 } })]]
  )
  study.sees(n, '1,234 in, 56 out · $0.0123 · 4.2 s')
  t.equal(study.transcript(n), {
    '## You',
    '',
    'thicken the web',
    '',
    '## Claude',
    '',
    'The web is now 14 mm.',
    'And so on.',
    '',
    '1,234 in, 56 out · $0.0123 · 4.2 s',
    '',
  })
  t.equal(n:lua([[return require('atomizer').statusline()]]), '')
end)

t.test('the second message goes to the same session', function()
  local n = study.open()
  study.say(n)
  n:lua([[require('fake').started() require('fake').finish({})]])
  n:wait([[require('atomizer.chat').conversation().running == nil]])
  n:cmd('Atomizer chat and again')
  n:wait([[#require('fake').chats == 2]])
  t.equal(n:lua([[return require('fake').last('atomizer/chat').sessionId]]), 'abcd1234')
end)

t.test('<C-c> in the prompt stops the turn; what was said stays', function()
  local n = study.open({ ui = true })
  n:lua([[require('fake').answers['atomizer/cancel'] = function()
    require('fake').finish({ status = 'cancelled', text = 'Half' })
    return { cancelled = true }
  end]])
  study.say(n)
  n:lua([[require('fake').started() require('fake').event({ type = 'text', delta = 'Half' })]])
  study.sees(n, 'Half')
  n:keys('<C-c>')
  study.sees(n, 'Stopped')
  t.equal(n:lua([[return require('fake').last('atomizer/cancel')]]), { sessionId = 'abcd1234' })
  study.sees(n, 'Half')
end)

t.test(
  'a turn stopped before it began is cancelled, and the next message stays in its session',
  function()
    local n = study.open()
    n:lua([[require('fake').answers['atomizer/cancel'] = function()
    require('fake').finish({ status = 'cancelled' })
    return { cancelled = true }
  end]])
    study.say(n, 'first')
    n:cmd('Atomizer stop')
    n:lua([[require('fake').started()]])
    study.sees(n, 'Stopped')
    t.equal(n:lua([[return require('fake').last('atomizer/cancel')]]), { sessionId = 'abcd1234' })
    n:cmd('Atomizer chat again')
    n:wait([[#require('fake').chats == 2]])
    t.equal(n:lua([[return require('fake').last('atomizer/chat').sessionId]]), 'abcd1234')
  end
)

t.test('a server that never begins the turn can be left: stopping twice ends it here', function()
  local n = study.open()
  study.say(n, 'first')
  n:cmd('Atomizer stop')
  n:cmd('Atomizer stop')
  study.sees(n, 'Stopped')
  n:wait([[require('fake').last('$/cancelRequest') ~= nil]])
end)

t.test('a message cut off by the death of the server says so', function()
  local n = study.open()
  study.say(n)
  n:lua([[require('fake').started() require('fake').event({ type = 'text', delta = 'Half' })]])
  study.sees(n, 'Half')
  n:lua([[vim.lsp.get_clients({ name = 'atomizer' })[1]:stop(true)]])
  study.sees(n, 'Cut off')
end)

t.test('an error before the turn is told in the conversation', function()
  local n = study.open()
  n:lua([[require('fake').answers['atomizer/chat'] = function()
    return nil, { code = -32003, message = 'claude was not found: install it', data = { kind = 'claudeNotFound' } }
  end]])
  n:cmd('Atomizer chat hello')
  study.sees(n, '✗ claude was not found: install it (claudeNotFound)')
end)

t.test('the prompt sends, breaks lines and remembers', function()
  local n = study.open({ ui = true })
  n:cmd('Atomizer chat')
  n:keys('first<C-j>second<CR>')
  n:wait([[#require('fake').chats == 1]])
  t.equal(n:lua([[return require('fake').last('atomizer/chat').message]]), 'first\nsecond')
  n:lua([[require('fake').started() require('fake').finish({})]])
  n:wait([[require('atomizer.chat').conversation().running == nil]])
  n:keys('next<CR>')
  n:wait([[#require('fake').chats == 2]])
  n:keys('draft<Up>')
  n:wait([[vim.deep_equal(vim.api.nvim_buf_get_lines(0, 0, -1, true), { 'next' })]])
  n:keys('<Up>')
  n:wait([[vim.deep_equal(vim.api.nvim_buf_get_lines(0, 0, -1, true), { 'first', 'second' })]])
  n:keys('<Down>')
  n:wait([[vim.deep_equal(vim.api.nvim_buf_get_lines(0, 0, -1, true), { 'next' })]])
  n:keys('<Down>')
  n:wait([[vim.deep_equal(vim.api.nvim_buf_get_lines(0, 0, -1, true), { 'draft' })]])
  n:keys('<CR>')
  n:wait([[vim.fn.execute('messages'):find('still answering')]])
  t.equal(n:lines(), { 'draft' })
end)

t.test('@ completes entries, studies and files; / completes commands', function()
  local n = study.open({ ui = true })
  n:lua([[require('fake').answers['atomizer/study/list'] = function()
    return { { studyId = 'bracket', uri = 'file:///x', draft = false, errors = 0, warnings = 0 } }
  end]])
  n:cmd('Atomizer chat')
  n:keys('why @<C-x><C-o>')
  n:wait([[vim.fn.pumvisible() == 1]])
  local words = n:lua(
    [[return vim.tbl_map(function(it) return it.word end, vim.fn.complete_info({ 'items' }).items)]]
  )
  t.equal(
    words,
    { '@dv_001', '@dv_002', '@obj_001', '@bracket', '@studies/bracket/atomizer_spec.json' }
  )
  n:keys('<C-e><C-u>why @web<C-x><C-o>')
  n:wait([[vim.api.nvim_get_current_line() == 'why @dv_001']])
  n:keys('<C-e><C-u>/st<C-x><C-o>')
  n:wait([[vim.fn.pumvisible() == 1]])
  words = n:lua(
    [[return vim.tbl_map(function(it) return it.word end, vim.fn.complete_info({ 'items' }).items)]]
  )
  assert(
    vim.list_contains(words, '/stop') and vim.list_contains(words, '/study'),
    vim.inspect(words)
  )
end)

t.test('User autocommands tell of the turn', function()
  local n = study.open()
  n:lua([[
    _G.heard = {}
    vim.api.nvim_create_autocmd('User', { pattern = 'Atomizer*', callback = function(args)
      table.insert(_G.heard, { args.match, args.data.turnId or args.data.studyId, args.data.status })
    end })
  ]])
  study.say(n)
  n:lua(
    [[require('fake').started() require('fake').notify('atomizer/specUpdated', {
    uri = 'file:///nowhere/atomizer_spec.json', studyId = 'bracket', valid = true, applied = 'disk', hashBefore = vim.NIL, hashAfter = 'x' })]]
  )
  n:lua([[require('fake').finish({})]])
  n:wait([[#_G.heard == 3]])
  local heard =
    n:lua([[table.sort(_G.heard, function(a, b) return a[1] < b[1] end) return _G.heard]])
  t.equal(heard, {
    { 'AtomizerSpecUpdated', 'bracket' },
    { 'AtomizerTurnDone', 'turn-1', 'completed' },
    { 'AtomizerTurnStarted', 'turn-1' },
  })
end)
