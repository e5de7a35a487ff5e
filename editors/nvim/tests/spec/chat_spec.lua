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

t.test('a reader who scrolled up stays where he is; one at the end follows', function()
  local n = study.open({ ui = true })
  study.say(n)
  n:lua([[
    local fake = require('fake')
    fake.started()
    local lines = {}
    for i = 1, 60 do lines[i] = 'line ' .. i end
    fake.event({ type = 'text', delta = table.concat(lines, '\n') })
  ]])
  study.sees(n, 'line 60')
  local view = [[local view = require('atomizer.chat').view() local win = view.transcript_win ]]
  local cursor = view .. [[return vim.api.nvim_win_get_cursor(win)[1] ]]
  local count = view .. [[return vim.api.nvim_buf_line_count(vim.api.nvim_win_get_buf(win)) ]]
  t.equal(n:lua(cursor), n:lua(count))
  n:lua(view .. [[vim.api.nvim_win_set_cursor(win, { 10, 0 })]])
  n:cmd('redraw')
  local top = n:lua(view .. [[return vim.fn.line('w0', win)]])
  n:lua([[require('fake').event({ type = 'text', delta = '\nlast words' })]])
  study.sees(n, 'last words')
  n:cmd('redraw')
  t.equal(n:lua(cursor), 10)
  t.equal(n:lua(view .. [[return vim.fn.line('w0', win)]]), top)
  n:lua(
    view
      .. [[vim.api.nvim_win_set_cursor(win, { vim.api.nvim_buf_line_count(vim.api.nvim_win_get_buf(win)), 0 })]]
  )
  n:lua([[require('fake').event({ type = 'text', delta = '\nvery last\nwords' })]])
  study.sees(n, 'very last')
  t.equal(n:lua(cursor), n:lua(count))
end)

t.test('tool calls and thoughts are folded, and say how they ended', function()
  local n = study.open({ ui = true })
  study.say(n)
  n:lua([[
    local fake = require('fake')
    fake.started()
    fake.event({ type = 'thinking', delta = 'Hm.\nThe web.' })
    fake.event({ type = 'toolCall', id = 't1', name = 'Edit',
      input = { file_path = vim.fs.abspath('root/studies/bracket/atomizer_spec.json'), old_string = '12', new_string = '14' } })
  ]])
  study.sees(n, '… Edit studies/bracket/atomizer_spec.json')
  t.equal(n:lua([[return require('atomizer').statusline()]]), 'Claude: Edit')
  n:lua(
    [[require('fake').event({ type = 'toolResult', id = 't1', isError = false, summary = 'done' })]]
  )
  study.sees(n, '✓ Edit studies/bracket/atomizer_spec.json')
  study.sees(n, '> done')
  n:cmd('redraw')
  local closed = n:lua([[
    local view = require('atomizer.chat').view()
    return vim.api.nvim_win_call(view.transcript_win, function()
      local found = {}
      for row, line in ipairs(vim.api.nvim_buf_get_lines(0, 0, -1, true)) do
        if vim.fn.foldclosed(row) == row then table.insert(found, line) end
      end
      return found
    end)
  ]])
  t.equal(closed, { '… Thinking', '✓ Edit studies/bracket/atomizer_spec.json' })
  t.contains(table.concat(study.transcript(n), '\n'), '```diff\n-12\n+14\n```')
end)

t.test('a fold that the reader opened stays open while more comes', function()
  local n = study.open({ ui = true })
  study.say(n)
  n:lua([[
    local fake = require('fake')
    fake.started()
    fake.event({ type = 'toolCall', id = 't1', name = 'Bash', input = { command = 'one\ntwo' } })
    fake.event({ type = 'toolCall', id = 't2', name = 'Bash', input = { command = 'three\nfour' } })
  ]])
  study.sees(n, 'four')
  local state = [[
    return vim.api.nvim_win_call(require('atomizer.chat').view().transcript_win, function()
      return { vim.fn.foldclosed(vim.fn.search('Bash one', 'wn')), vim.fn.foldclosed(vim.fn.search('Bash three', 'wn')) }
    end)
  ]]
  t.equal(n:lua(state), { 7, 12 })
  n:lua(
    [[vim.api.nvim_win_call(require('atomizer.chat').view().transcript_win, function() vim.cmd('7foldopen') end)]]
  )
  n:lua(
    [[require('fake').event({ type = 'toolResult', id = 't1', isError = false, summary = 'fine' })]]
  )
  study.sees(n, '> fine')
  n:lua([[require('fake').event({ type = 'text', delta = 'And the answer.' })]])
  study.sees(n, 'And the answer.')
  t.equal(n:lua(state), { -1, 13 })
end)

t.test('folds are as deep as ever after several turns, and opened ones stay open', function()
  local n = study.open({ ui = true })
  n:lua([[_G.state = function(command)
    return vim.api.nvim_win_call(require('atomizer.chat').view().transcript_win, function()
      local row = vim.fn.search('Bash ' .. command, 'wn')
      return { vim.fn.foldlevel(row), vim.fn.foldlevel(row + 1), vim.fn.foldclosed(row) == row }
    end)
  end]])
  for turn, command in ipairs({ 'one', 'two', 'three' }) do
    n:cmd('Atomizer chat go')
    n:wait([[#require('fake').chats == ...]], turn)
    n:lua(
      [[
      local fake, command = require('fake'), ...
      fake.started('turn-' .. command)
      fake.event({ type = 'toolCall', id = command, name = 'Bash', input = { command = command .. '\nmore' } })
      fake.event({ type = 'toolResult', id = command, isError = false, summary = 'fine' })
      fake.finish({})
      fake.notify('atomizer/sessionChanged', { session = { sessionId = 'abcd1234', mode = 'user', studyId = 'bracket',
        title = 'after ' .. command, createdAt = '', lastActive = '', messageCount = 2, busy = false, live = true } })
    ]],
      command
    )
    n:wait([[require('atomizer.chat').conversation().title == 'after ' .. ...]], command)
    n:wait([[require('atomizer.chat').conversation().running == nil]])
    t.equal(n:lua([[return _G.state(...)]], command), { 1, 1, true })
    if turn == 1 then
      n:lua([[vim.api.nvim_win_call(require('atomizer.chat').view().transcript_win, function()
        vim.cmd(vim.fn.search('Bash one', 'wn') .. 'foldopen')
      end)]])
    end
  end
  t.equal(
    n:lua([[return { _G.state('one'), _G.state('two') }]]),
    { { 1, 1, false }, { 1, 1, true } }
  )
  -- All of it from the store: the folds are still one deep.
  n:lua([[require('atomizer.chat').conversation():changed('turns')]])
  t.equal(
    n:lua([[return { _G.state('one'), _G.state('two') }]]),
    { { 1, 1, false }, { 1, 1, true } }
  )
end)

for _, where in ipairs({ 'the chat', 'the prompt' }) do
  t.test(
    'what is read stays in its place when something above it changes, seen from ' .. where,
    function()
      local n = study.open({ ui = true })
      study.say(n)
      n:lua([[
      local fake = require('fake')
      fake.started()
      fake.event({ type = 'toolCall', id = 't1', name = 'Bash', input = { command = 'one' } })
      local lines = {}
      for i = 1, 60 do lines[i] = 'line ' .. i end
      fake.event({ type = 'text', delta = table.concat(lines, '\n') })
    ]])
      study.sees(n, 'line 60')
      n:lua(
        [[
      vim.cmd.stopinsert()
      local win = require('atomizer.chat').view().transcript_win
      if ... == 'the chat' then vim.api.nvim_set_current_win(win) end
      vim.api.nvim_win_call(win, function()
        vim.fn.search('^line 30$', 'w')
        vim.cmd('normal! zz')
        vim.api.nvim_buf_set_mark(0, 'a', vim.fn.line('.'), 0, {})
      end)
      _G.place = function()
        return vim.api.nvim_win_call(win, function()
          return { vim.fn.getline('.'), vim.fn.getline('w0'), vim.fn.getline("'a") }
        end)
      end
    ]],
        where
      )
      n:cmd('redraw')
      local before = n:lua([[return _G.place()]])
      t.equal({ before[1], before[3] }, { 'line 30', 'line 30' })
      n:lua(
        [[require('fake').event({ type = 'toolResult', id = 't1', isError = false, summary = 'one\ntwo\nthree' })]]
      )
      study.sees(n, '> three')
      n:cmd('redraw')
      t.equal(n:lua([[return _G.place()]]), before)
    end
  )
end

t.test('100,000 deltas are all there, in order', function()
  local n = study.open()
  study.say(n)
  n:lua([[
    local fake = require('fake')
    fake.started()
    for i = 1, 100000 do
      fake.event({ type = 'text', delta = i % 10 == 0 and i .. '\n' or i .. ' ' })
    end
    fake.finish({})
  ]])
  n:wait([[require('atomizer.chat').conversation().running == nil]])
  local lines = study.transcript(n)
  t.equal({ #lines, lines[7], lines[10006] }, {
    10007,
    '1 2 3 4 5 6 7 8 9 10',
    '99991 99992 99993 99994 99995 99996 99997 99998 99999 100000',
  })
end)

t.test('what the program took back is gone', function()
  local n = study.open()
  study.say(n)
  n:lua([[
    local fake = require('fake')
    fake.started()
    fake.event({ type = 'text', delta = 'One. ' })
    fake.event({ type = 'toolCall', id = 't1', name = 'Read', input = { file_path = '/x' } })
    fake.event({ type = 'text', delta = 'Wrong.' })
    fake.event({ type = 'textReset', text = 'One. ' })
    fake.event({ type = 'text', delta = 'Right.' })
  ]])
  study.sees(n, 'Right.')
  local text = table.concat(study.transcript(n), '\n')
  t.contains(text, 'One. ')
  assert(not text:find('Wrong'), text)
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

t.test(']] and [[ go from turn to turn, gd to the entry of an id', function()
  local n, path = study.open({ ui = true })
  study.say(n, 'first')
  n:lua(
    [[require('fake').started() require('fake').event({ type = 'text', delta = 'See `dv_002`.' }) require('fake').finish({})]]
  )
  n:wait([[require('atomizer.chat').conversation().running == nil]])
  n:cmd('Atomizer chat second')
  n:wait([[#require('fake').chats == 2]])
  n:lua(
    [[vim.cmd.stopinsert() vim.api.nvim_set_current_win(require('atomizer.chat').view().transcript_win)]]
  )
  n:feed('gg]]')
  t.equal(
    n:lua([[local row = vim.api.nvim_win_get_cursor(0)[1] return vim.fn.getline(row + 2)]]),
    'second'
  )
  n:feed('[[')
  t.equal(
    n:lua([[local row = vim.api.nvim_win_get_cursor(0)[1] return vim.fn.getline(row + 2)]]),
    'first'
  )
  n:lua([[vim.fn.search('dv_002')]])
  n:feed('gd')
  t.equal(
    n:lua([[return { vim.api.nvim_buf_get_name(0), vim.fn.expand('<cword>'), vim.fn.line('.') }]]),
    { path, 'dv_002', 9 }
  )
end)

t.test('gd takes the id under the cursor, not another one of the same word', function()
  local n = study.open({ ui = true })
  local function near(line, column)
    return n:lua([[return require('atomizer.ids').near(...)]], line, column)
  end
  t.equal(near('See (dv_001,dv_002).', 14), { 'dv_002', 'dv_001' })
  t.equal(near('See (dv_001,dv_002).', 6), { 'dv_001', 'dv_002' })
  t.equal(near('See (dv_001,dv_002).', 4), { 'dv_001', 'dv_002' })
  t.equal(near('`dv_001` and', 7), { 'dv_001' })
  t.equal(near('a  b', 1), {})
end)

t.test('gd opens the spec of the study when none is open', function()
  local n = t.start({ ui = true })
  local path = study.lay(n)
  n:lua([[vim.lsp.config('atomizer', { cmd = require('fake').cmd })]])
  n:lua(
    [[
    local path = ...
    require('fake').answers['atomizer/study/list'] = function()
      return { { studyId = 'bracket', uri = vim.uri_from_fname(path), draft = false, errors = 0, warnings = 0 } }
    end
  ]],
    path
  )
  n:cmd('cd ' .. n.home .. '/root')
  n:cmd('Atomizer study bracket')
  study.say(n)
  n:lua(
    [[require('fake').started() require('fake').event({ type = 'text', delta = 'See (dv_001,dv_002).' }) require('fake').finish({})]]
  )
  study.sees(n, 'dv_002')
  n:cmd('stopinsert')
  n:lua(
    [[vim.api.nvim_set_current_win(require('atomizer.chat').view().transcript_win) vim.fn.search('dv_002')]]
  )
  n:feed('gd')
  n:wait([[vim.api.nvim_buf_get_name(0) == ...]], path)
  t.equal(n:lua([[return { vim.fn.expand('<cword>'), vim.fn.line('.'), vim.bo.filetype }]]), {
    'dv_002',
    9,
    'json',
  })
end)

for _, layout in ipairs({ 'split', 'float', 'tab' }) do
  t.test(
    'layout ' .. layout .. ': both windows open and close together, the conversation stays',
    function()
      local n = study.open({ ui = true })
      n:lua([[require('atomizer').setup({ chat = { layout = ... } })]], layout)
      local before = n:lua([[return #vim.api.nvim_list_wins()]])
      study.say(n, 'hello')
      local floating = n:lua(
        [[return vim.api.nvim_win_get_config(require('atomizer.chat').view().transcript_win).relative]]
      )
      t.equal(floating, layout == 'float' and 'editor' or '')
      t.equal(n:lua([[return #vim.api.nvim_list_tabpages()]]), layout == 'tab' and 2 or 1)
      t.equal(n:lua([[return #vim.api.nvim_list_wins()]]), before + 2)
      n:keys('<Esc>q')
      n:wait([[#vim.api.nvim_list_wins() == ...]], before)
      n:lua(
        [[require('fake').started() require('fake').event({ type = 'text', delta = 'meanwhile' })]]
      )
      n:cmd('Atomizer chat')
      study.sees(n, 'meanwhile')
      -- The same by closing the other window.
      n:lua([[vim.api.nvim_win_close(require('atomizer.chat').view().prompt_win, true)]])
      n:wait([[#vim.api.nvim_list_wins() == ...]], before)
    end
  )
end

t.test('the floats follow the size of the screen', function()
  local n = study.open({ ui = true })
  n:lua([[require('atomizer').setup({ chat = { layout = 'float' } })]])
  study.say(n, 'hello')
  n:request('nvim_ui_try_resize', 50, 14)
  n:wait([[vim.o.columns == 50 and vim.o.lines == 14]])
  local fits = n:lua([[
    local view = require('atomizer.chat').view()
    return vim.tbl_map(function(win)
      local place = vim.api.nvim_win_get_config(win)
      return place.row >= 0 and place.row + place.height + 2 <= vim.o.lines and place.col + place.width + 2 <= vim.o.columns
    end, { view.transcript_win, view.prompt_win })
  ]])
  t.equal(fits, { true, true })
end)

for _, key in ipairs({ 'q', ':quit<CR>' }) do
  t.test(
    'closing the chat by ' .. key .. ' when it is all that is left shows the spec again',
    function()
      local n, path = study.open({ ui = true })
      n:cmd('Atomizer chat')
      n:cmd('stopinsert')
      n:cmd('wincmd t | quit')
      n:wait([[#vim.api.nvim_list_wins() == 2]])
      n:keys('<Esc>' .. key)
      n:wait([[#vim.api.nvim_list_wins() == 1]])
      n:wait([[vim.api.nvim_buf_get_name(0) == ...]], path)
      n:cmd('Atomizer chat')
      n:wait([[#vim.api.nvim_list_wins() == 3]])
    end
  )
end

t.test(':Atomizer ask without a range is about the line', function()
  local n = study.open({ ui = true })
  n:cmd('normal! 7Gfbviw')
  n:cmd('normal! ' .. vim.keycode('<Esc>'))
  n:cmd('Atomizer ask why these bounds?')
  n:wait([[#require('fake').chats > 0]])
  t.equal(
    n:lua([[return require('fake').last('atomizer/chat').selection]]),
    { start = { line = 6, character = 0 }, ['end'] = { line = 6, character = 39 } }
  )
end)

t.test('the selection goes along with :Atomizer ask', function()
  local n = study.open({ ui = true })
  n:cmd('7,8Atomizer ask why these bounds?')
  n:wait([[#require('fake').chats > 0]])
  local params = n:lua([[return require('fake').last('atomizer/chat')]])
  t.equal(params.message, 'why these bounds?')
  t.equal(
    params.selection,
    { start = { line = 6, character = 0 }, ['end'] = { line = 7, character = 6 } }
  )
end)

t.test('a selection goes with its spec, whatever study the server or the user named', function()
  local n, path = study.open({ ui = true })
  local other = study.lay(n, 'gimbal')
  n:lua([[
    local fake = require('fake')
    local session = { sessionId = 'abcd1234', mode = 'user', studyId = 'bracket', title = 'one', createdAt = '',
      lastActive = '', messageCount = 1, busy = false, live = true }
    fake.answers['atomizer/session/setStudy'] = function(params)
      return vim.tbl_extend('force', session, { studyId = params.studyId })
    end
    _G.turn = function()
      fake.started()
      fake.notify('atomizer/sessionChanged', { session = session })
      fake.finish({})
    end
  ]])
  local function last()
    n:lua([[_G.turn()]])
    n:wait([[require('atomizer.chat').conversation().running == nil]])
    n:cmd('stopinsert | wincmd t')
    return n:lua([[return require('fake').last('atomizer/chat')]])
  end
  study.say(n, 'one')
  last()
  t.equal(n:lua([[return require('atomizer.chat').conversation().study_id]]), 'bracket')
  -- The server's study is no choice: the selection's spec counts, and so does another one in front.
  for count, spec in ipairs({ path, other }) do
    n:cmd('edit ' .. spec)
    n:wait([[#vim.lsp.get_clients({ name = 'atomizer', bufnr = 0 }) == 1]])
    n:cmd('5,7Atomizer ask about this')
    n:wait([[#require('fake').chats == ...]], count + 1)
    local params = last()
    t.equal({ params.studyId, params.textDocument }, { nil, { uri = vim.uri_from_fname(spec) } })
    t.equal(params.selection.start, { line = 4, character = 0 })
  end
  -- A study that the user chose is told; what is selected keeps its own spec.
  n:cmd('Atomizer study bracket')
  n:wait([[require('atomizer.chat').conversation().chosen_study == 'bracket']])
  n:cmd('5,7Atomizer ask about this')
  n:wait([[#require('fake').chats == 4]])
  local params = last()
  t.equal({ params.studyId, params.textDocument.uri }, { 'bracket', vim.uri_from_fname(other) })
  n:cmd('Atomizer chat and in general')
  n:wait([[#require('fake').chats == 5]])
  params = last()
  t.equal({ params.studyId, params.textDocument.uri }, { 'bracket', vim.uri_from_fname(path) })
end)

t.test(
  'without a message, :Atomizer ask opens the prompt with the selection attached, for one message',
  function()
    local n = study.open({ ui = true })
    n:cmd('normal! 7Gf{vt}')
    n:keys('<Plug>(atomizer-ask)')
    n:wait([[vim.bo.filetype == 'atomizer_prompt' ]])
    n:keys('why?<CR>')
    n:wait([[#require('fake').chats > 0]])
    local params = n:lua([[return require('fake').last('atomizer/chat')]])
    t.equal(params.message, 'why?')
    t.equal(
      params.selection,
      { start = { line = 6, character = 16 }, ['end'] = { line = 6, character = 38 } }
    )
    n:lua([[require('fake').started() require('fake').finish({})]])
    n:wait([[require('atomizer.chat').conversation().running == nil]])
    n:keys('and now?<CR>')
    n:wait([[#require('fake').chats > 1]])
    t.equal(n:lua([[return require('fake').last('atomizer/chat').selection == nil]]), true)
  end
)

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

t.test('two roots have conversations of their own, two tabs can show both', function()
  local n = study.open({ ui = true })
  local other = n:write('second/studies/gimbal/atomizer_spec.json', study.spec)
  study.say(n, 'in the first')
  n:lua([[require('fake').started()]])
  n:cmd('stopinsert')
  n:cmd('tabedit ' .. other)
  n:wait([[#vim.lsp.get_clients({ name = 'atomizer', bufnr = 0 }) == 1]])
  study.say(n, 'in the second')
  n:wait([[#require('fake').chats == 2]])
  local roots = n:lua(
    [[return vim.tbl_map(function(it) return vim.fs.basename(it.root) end, require('atomizer.conversation').all)]]
  )
  t.equal(roots, { 'root', 'second' })
  t.equal(n:lua([[return require('fake').last('atomizer/chat').sessionId == nil]]), true)
  n:cmd('tabfirst')
  study.sees(n, 'in the first')
  t.equal(n:lua([[return require('atomizer').statusline()]]), 'Claude: answering (+1)')
end)
