-- The conversation as a buffer: what it shows, and what readers keep while it changes.
local t = require('harness')
local study = require('study')

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

t.test('a change on disk says whether a buffer holds the spec', function()
  local n, path = study.open()
  study.say(n)
  for _, spec in ipairs({ path, n.home .. '/root/studies/gimbal/atomizer_spec.json' }) do
    n:lua(
      [[
      local spec = ...
      require('fake').event({ type = 'specUpdated', uri = vim.uri_from_fname(spec), hashBefore = 'a', hashAfter = 'b',
        studyId = vim.fs.basename(vim.fs.dirname(spec)), valid = true, applied = 'disk' })
    ]],
      spec
    )
  end
  study.sees(n, '● bracket: the spec changed, on disk; the buffer was read anew meanwhile')
  study.sees(n, '● gimbal: the spec changed, on disk (not open here)')
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
