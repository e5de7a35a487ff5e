local t = require('harness')
local study = require('study')

--- Lets the picker take the item that `format_item` shows with a text.
local function will_pick(n, part)
  n:lua(
    [[
    local part = ...
    vim.ui.select = function(items, options, on_choice)
      _G.offered = vim.tbl_map(options.format_item or tostring, items)
      for i, text in ipairs(_G.offered) do
        if text:find(part, 1, true) then return on_choice(items[i], i) end
      end
      on_choice(nil, nil)
    end
  ]],
    part
  )
end

local session = {
  sessionId = 'feed0001',
  mode = 'power',
  studyId = 'bracket',
  title = 'Thicken the web',
  createdAt = '2026-01-02T03:04:05Z',
  lastActive = '2026-01-02T03:05:06Z',
  messageCount = 2,
  busy = false,
  live = false,
}

local messages = {
  {
    id = 1,
    role = 'user',
    content = 'Thicken the web',
    toolCalls = {},
    createdAt = '2026-01-02T03:04:05Z',
    turnId = 'turn-9',
    status = 'completed',
  },
  {
    id = 2,
    role = 'assistant',
    content = 'Done: `dv_001`.',
    createdAt = '2026-01-02T03:05:06Z',
    turnId = 'turn-9',
    status = 'interrupted',
    toolCalls = {
      {
        id = 't',
        name = 'Edit',
        input = { file_path = '/x', old_string = 'a', new_string = 'b' },
        isError = false,
        summary = 'ok',
      },
    },
  },
}

--- A stored conversation that the server tells of.
local function stored(n)
  n:lua(
    [[
    local session, messages = ...
    local answers = require('fake').answers
    answers['atomizer/session/list'] = function() return { session } end
    answers['atomizer/session/info'] = function() return session end
    answers['atomizer/session/history'] = function() return messages end
  ]],
    session,
    messages
  )
end

t.test(':Atomizer sessions shows a stored conversation, and it goes on', function()
  local n = study.open()
  stored(n)
  will_pick(n, 'Thicken')
  n:cmd('Atomizer sessions')
  n:wait([[require('atomizer.chat').view() ~= nil]])
  t.equal(n:lua([[return _G.offered]]), { 'Thicken the web · bracket · 2026-01-02 03:05 UTC' })
  study.sees(n, 'Done: `dv_001`.')
  study.sees(n, '✓ Edit /x')
  study.sees(n, 'Cut off')
  local closed =
    [[return vim.api.nvim_win_call(require('atomizer.chat').view().transcript_win, function()
    local row = vim.fn.search('Edit /x', 'wn')
    return { vim.fn.foldlevel(row), vim.fn.foldclosed(row) == row }
  end)]]
  t.equal(n:lua(closed), { 1, true })
  -- In a window that shows it anew, too.
  n:lua([[require('atomizer.chat').close()]])
  n:wait([[require('atomizer.chat').view() == nil]])
  n:cmd('Atomizer chat')
  t.equal(n:lua(closed), { 1, true })
  study.say(n, 'go on')
  local params = n:lua([[return require('fake').last('atomizer/chat')]])
  t.equal({ params.sessionId, params.mode, params.studyId }, { 'feed0001', 'power', nil })
end)

t.test(':Atomizer history reads page after page', function()
  local n = study.open()
  stored(n)
  n:cmd('Atomizer sessions feed0001')
  n:wait([[require('atomizer.chat').view() ~= nil]])
  n:lua([[
    require('fake').answers['atomizer/session/history'] = function(params)
      local found = {}
      for id = math.max(1, (params.before or 251) - params.limit), (params.before or 251) - 1 do
        table.insert(found, { id = id, role = 'user', content = 'message ' .. id, toolCalls = {}, createdAt = '', turnId = 't' .. id, status = 'completed' })
      end
      return found
    end
  ]])
  n:cmd('Atomizer history')
  study.sees(n, 'message 250')
  study.sees(n, 'message 1\n')
  t.equal(n:lua([[return #require('atomizer.chat').conversation().turns]]), 250)
end)

t.test(
  ':Atomizer export writes the conversation as Markdown and asks before it overwrites',
  function()
    local n = study.open({ ui = true })
    stored(n)
    n:cmd('Atomizer sessions feed0001')
    n:wait([[require('atomizer.chat').view() ~= nil]])
    local path = n.home .. '/out.md'
    n:cmd('Atomizer export ' .. path)
    n:wait([[vim.uv.fs_stat(...) ~= nil]], path)
    t.contains(
      t.read(path),
      '# Thicken the web\n\n## You\n\nThicken the web\n\n## Claude\n\n✓ Edit /x\n'
    )
    n:write(path, 'mine')
    n:cmd('stopinsert')
    n:keys(':Atomizer export ' .. path .. '<CR>')
    n:wait_mode('r')
    n:keys('c')
    n:wait_mode('n')
    t.equal(t.read(path), 'mine')
  end
)

t.test(':Atomizer mode and :Atomizer study before and after the first message', function()
  local n = study.open()
  n:cmd('Atomizer mode power')
  will_pick(n, 'gimbal')
  n:lua([[require('fake').answers['atomizer/study/list'] = function()
    return {
      { studyId = 'bracket', uri = 'file:///x', status = 'ready', draft = false, errors = 2, warnings = 1 },
      { studyId = 'gimbal', uri = 'file:///y', status = vim.NIL, draft = false, errors = 0, warnings = 0 },
    } end]])
  n:cmd('Atomizer study')
  n:wait([[_G.offered ~= nil]])
  t.equal(
    n:lua([[return _G.offered]]),
    { 'bracket  ready · 2 errors, 1 warning', 'gimbal  ', 'none: the spec in front' }
  )
  study.say(n)
  local params = n:lua([[return require('fake').last('atomizer/chat')]])
  t.equal({ params.mode, params.studyId, params.textDocument }, { 'power', 'gimbal' })
  n:lua([[require('fake').started() require('fake').finish({})]])
  n:wait([[require('atomizer.chat').conversation().running == nil]])
  n:lua(
    [[
    local session = ...
    session.sessionId = 'abcd1234'
    require('fake').answers['atomizer/session/setMode'] = function(params)
      return vim.tbl_extend('force', session, { mode = params.mode })
    end
    require('fake').answers['atomizer/session/setStudy'] = function(params)
      return vim.tbl_extend('force', session, { studyId = params.studyId })
    end
  ]],
    session
  )
  n:cmd('Atomizer mode user')
  n:wait([[require('atomizer.chat').conversation().mode == 'user']])
  n:cmd('Atomizer study none')
  n:wait([[require('fake').last('atomizer/session/setStudy') ~= nil]])
  n:wait([[require('atomizer.chat').conversation().chosen_study == nil]])
  n:cmd('Atomizer mode root')
  t.contains(n:messages(), 'mode "root" is not one of user, power')
end)

t.test('what another client does to the session is seen here', function()
  local n = study.open()
  study.say(n)
  n:lua([[require('fake').started()]])
  n:wait([[require('atomizer.chat').conversation().session_id ~= nil]])
  local changed = vim.tbl_extend(
    'force',
    session,
    { sessionId = 'abcd1234', mode = 'power', title = 'New title' }
  )
  n:lua([[require('fake').notify('atomizer/sessionChanged', { session = ... })]], changed)
  n:wait([[require('atomizer.chat').conversation().title == 'New title']])
  t.equal(n:lua([[return require('atomizer.chat').conversation().mode]]), 'power')
end)

t.test(
  ':Atomizer validate fills the quickfix list and tells the first gate that is shut',
  function()
    local n, path = study.open()
    n:lua(
      [[
    local path = ...
    require('fake').answers['atomizer/study/validate'] = function()
      return { uri = vim.uri_from_fname(path), errors = 1, warnings = 1,
        gates = { { gate = 'format', passed = true, reasons = {} }, { gate = 'references', passed = false, reasons = { 'unknown extractor' } } },
        diagnostics = {
          { severity = 2, code = 'zero-weight', message = 'weight 0', range = { start = { line = 11, character = 4 }, ['end'] = { line = 11, character = 8 } } },
          { severity = 1, code = 'wrong-type', message = 'a number belongs here', range = { start = { line = 5, character = 14 }, ['end'] = { line = 5, character = 29 } } },
        } }
    end
  ]],
      path
    )
    n:cmd('Atomizer validate')
    n:wait([[#vim.fn.getqflist() == 2]])
    local list = n:lua(
      [[return vim.tbl_map(function(it) return { it.lnum, it.col, it.type, it.text } end, vim.fn.getqflist())]]
    )
    t.equal(list, {
      { 6, 15, 'E', 'a number belongs here [wrong-type]' },
      { 12, 5, 'W', 'weight 0 [zero-weight]' },
    })
    t.contains(n:messages(), 'not ready: references – unknown extractor · 1 error, 1 warning')
    t.equal(
      n:lua([[return require('fake').last('atomizer/study/validate').textDocument.uri]]),
      vim.uri_from_fname(path)
    )
  end
)

--- A turn that changed the spec.
local function changed_turn(n, path)
  study.say(n)
  n:lua(
    [[
    local fake, path = require('fake'), ...
    fake.started('turn-7')
    fake.event({ type = 'specUpdated', uri = vim.uri_from_fname(path), studyId = 'bracket', hashBefore = 'a', hashAfter = 'b', valid = true,
      spec = { meta = vim.NIL }, applied = 'edit' })
    fake.finish({ turnId = 'turn-7' })
    fake.answers['atomizer/turn/diff'] = function()
      return { { uri = vim.uri_from_fname(path), diff = '', before = '{\n  "max": 12\n}\n', after = '{\n  "max": 14\n}\n' } }
    end
    fake.answers['atomizer/turn/revert'] = function()
      return { changes = { { uri = vim.uri_from_fname(path), applied = 'edit' } } }
    end
  ]],
    path
  )
  study.sees(n, '● bracket: the spec changed, shown in the buffer')
  n:lua(
    [[vim.cmd.stopinsert() vim.api.nvim_set_current_win(require('atomizer.chat').view().transcript_win) vim.fn.search('●', 'w')]]
  )
end

t.test('D on a change shows before and after side by side, q closes', function()
  local n, path = study.open({ ui = true })
  changed_turn(n, path)
  n:feed('D')
  n:wait([[#vim.api.nvim_list_tabpages() == 2]])
  t.equal(n:lua([[return require('fake').last('atomizer/turn/diff').turnId]]), 'turn-7')
  t.equal(
    n:lua([[return vim.tbl_map(function(win)
    local buf = vim.api.nvim_win_get_buf(win)
    return { vim.wo[win].diff, vim.api.nvim_buf_get_lines(buf, 1, 2, true)[1], vim.bo[buf].modifiable }
  end, vim.api.nvim_tabpage_list_wins(0))]]),
    { { true, '  "max": 12', false }, { true, '  "max": 14', false } }
  )
  n:feed('q')
  t.equal(n:lua([[return #vim.api.nvim_list_tabpages()]]), 1)
  -- Once more: nothing is in the way.
  n:feed('D')
  n:wait([[#vim.api.nvim_list_tabpages() == 2]])
end)

t.test('R on a change asks and reverts; so does :Atomizer revert', function()
  local n, path = study.open({ ui = true })
  changed_turn(n, path)
  n:keys('R')
  n:wait_mode('r')
  n:keys('r')
  n:wait([[vim.fn.execute('messages'):find('reverted in the buffer')]])
  t.equal(n:lua([[return require('fake').last('atomizer/turn/revert').turnId]]), 'turn-7')
  n:lua([[require('atomizer').setup({ confirm_revert = false }) require('fake').received = {}]])
  n:cmd('Atomizer revert')
  n:wait([[require('fake').last('atomizer/turn/revert') ~= nil]])
end)

t.test('a proposed canvas modification is applied on A', function()
  local n, path = study.open({ ui = true })
  study.say(n)
  n:lua([[
    local fake = require('fake')
    fake.started()
    fake.event({ type = 'canvasModification', modification = { action = 'add_node', nodeType = 'constraint', data = { name = 'stress' } } })
    fake.finish({})
    fake.answers['atomizer/canvas/apply'] = function() return { applied = 1, skipped = {} } end
  ]])
  study.sees(n, '◇ Proposes: add_node constraint "stress"')
  n:lua(
    [[vim.cmd.stopinsert() vim.api.nvim_set_current_win(require('atomizer.chat').view().transcript_win) vim.fn.search('◇', 'w')]]
  )
  n:feed('A')
  n:wait([[require('fake').last('atomizer/canvas/apply') ~= nil]])
  local params = n:lua([[return require('fake').last('atomizer/canvas/apply')]])
  t.equal(params.textDocument.uri, vim.uri_from_fname(path))
  t.equal(params.modifications[1].action, 'add_node')
  study.sees(n, '◇ Proposes: add_node constraint "stress" (applied)')
  n:lua([[require('fake').received = {}]])
  n:feed('A')
  t.contains(n:messages(), 'this is applied already')
  t.equal(n:lua([[return require('fake').last('atomizer/canvas/apply') == nil]]), true)
end)

t.test(
  'what was applied without asking says so, and what could not be can be tried again',
  function()
    local n = study.open({ ui = true })
    study.say(n)
    n:lua([[
    local fake = require('fake')
    fake.started()
    local one = { action = 'remove_node', nodeId = 'dv_002' }
    local two = { action = 'remove_node', nodeId = 'dv_099' }
    fake.event({ type = 'canvasModification', modification = one })
    fake.event({ type = 'canvasModification', modification = two })
    fake.finish({
      canvasModifications = { one, two },
      canvasApplied = { applied = 1, skipped = { { index = 1, reason = 'there is no dv_099' } } },
    })
    fake.answers['atomizer/canvas/apply'] = function() return { applied = 1, skipped = {} } end
  ]])
    study.sees(n, '◇ Proposes: remove_node dv_002 (applied without asking)')
    study.sees(n, '◇ Proposes: remove_node dv_099 (not applied: there is no dv_099)')
    n:lua(
      [[vim.cmd.stopinsert() vim.api.nvim_set_current_win(require('atomizer.chat').view().transcript_win) vim.fn.search('dv_099', 'w')]]
    )
    n:feed('A')
    study.sees(n, '◇ Proposes: remove_node dv_099 (applied)')
  end
)

t.test('/commands in the prompt run here, unknown ones go to the server', function()
  local n = study.open({ ui = true })
  n:cmd('Atomizer chat')
  n:keys('/mode power<CR>')
  n:wait([[require('atomizer.chat').conversation().mode == 'power']])
  n:keys('/summary<CR>')
  n:wait([[#require('fake').chats == 1]])
  t.equal(n:lua([[return require('fake').last('atomizer/chat').message]]), '/summary')
end)

t.test(':Atomizer usage and /usage ask the server, of a stored conversation, too', function()
  local n = study.open({ ui = true })
  stored(n)
  n:cmd('Atomizer usage')
  t.contains(n:messages(), 'nothing was said yet')
  n:cmd('Atomizer sessions feed0001')
  n:wait([[require('atomizer.chat').view() ~= nil]])
  n:cmd('Atomizer usage')
  n:wait([[#require('fake').chats == 1]])
  local function asked()
    local params = n:lua([[return require('fake').last('atomizer/chat')]])
    return { params.message, params.sessionId }
  end
  t.equal(asked(), { '/usage', 'feed0001' })
  n:lua([[
    require('fake').event({ type = 'started', sessionId = 'feed0001', turnId = 'turn-1' })
    require('fake').finish({ sessionId = 'feed0001' })
  ]])
  n:wait([[require('atomizer.chat').conversation().running == nil]])
  n:keys('/usage<CR>')
  n:wait([[#require('fake').chats == 2]])
  t.equal(asked(), { '/usage', 'feed0001' })
end)

t.test(
  'the settings of the server are the same in its contract, in the help and in :checkhealth',
  function()
    local n = t.start()
    local known = n:lua([[return require('atomizer.config').server_settings]])
    local contract = t.read(t.repository .. '/docs/protocol.md'):match('\n## Settings\n(.-)\n## ')
    local help = t.read(t.plugin .. '/doc/atomizer.txt')
    local count = 0
    for name in contract:gmatch('\n| `([%w.]+)` |') do
      count = count + 1
      assert(known[name], name .. ' is unknown to the plugin')
      t.contains(help, '`' .. name .. '`')
    end
    t.equal(count, vim.tbl_count(known))
  end
)

t.test(':checkhealth does not claim a markdown parser that is not there', function()
  local n = t.start()
  n:lua([[vim.treesitter.language.add = function() return nil, 'no parser' end]])
  n:cmd('checkhealth atomizer')
  t.contains(table.concat(n:lines(), '\n'), 'No markdown parser')
end)

t.test('highlight groups are there from the start and survive another colour scheme', function()
  local n = t.start()
  local link = [[return vim.api.nvim_get_hl(0, { name = 'AtomizerUser' }).link]]
  t.equal(n:lua(link), 'Title')
  n:cmd('colorscheme blue')
  t.equal(n:lua(link), 'Title')
end)

t.test(':Atomizer new begins another conversation, the former goes on', function()
  local n = study.open()
  study.say(n, 'one')
  n:lua([[require('fake').started()]])
  n:wait([[require('atomizer.chat').conversation().session_id ~= nil]])
  n:cmd('Atomizer new two')
  n:wait([[#require('fake').chats == 2]])
  t.equal(n:lua([[return require('fake').last('atomizer/chat').sessionId == nil]]), true)
  t.equal(n:lua([[return #require('atomizer.conversation').busy()]]), 2)
end)

t.test('chat works from a folder with studies, no spec open', function()
  local n = t.start()
  study.lay(n)
  n:lua([[vim.lsp.config('atomizer', { cmd = require('fake').cmd })]])
  n:cmd('cd ' .. n.home .. '/root')
  study.say(n, 'which studies are there?')
  t.equal(
    n:lua([[return require('fake').last('initialize').rootUri]]),
    vim.uri_from_fname(n.home .. '/root')
  )
end)

t.test('outside of any root, chat says what is missing', function()
  local n = t.start()
  n:cmd('Atomizer chat')
  t.contains(n:messages(), 'no folder with studies/')
end)

t.test(':checkhealth tells versions, root, database and settings that do not exist', function()
  local n = study.open()
  local server = n:write('bin/atomizer-lsp', '#!/bin/sh\necho atomizer-lsp 9.8.7\n')
  local claude = n:write('bin/claude', '#!/bin/sh\necho 2.1.330\n')
  for _, program in ipairs({ server, claude }) do
    vim.uv.fs_chmod(program, 493)
  end
  n:lua(
    [[require('atomizer').setup({ cmd = { ... }, typo = 1, settings = { claude = { command = select(2, ...), modell = 'x' } } })]],
    server,
    claude
  )
  n:cmd('Atomizer health')
  local text = table.concat(n:lines(), '\n')
  for _, part in ipairs({
    'Neovim 0.',
    server .. ': atomizer-lsp 9.8.7',
    claude .. ': 2.1.330',
    'Root ' .. n.home .. '/root',
    n.home .. '/root/.atomizer/atomizer.db',
    'The server has no setting "claude.modell"',
    'unknown option "typo"',
  }) do
    t.contains(text, part)
  end
end)

t.test('a server that is not there is named once, with where it was looked for', function()
  local n = t.start()
  local path = study.lay(n)
  n:lua([[require('atomizer').setup({ cmd = { '/nowhere/atomizer-lsp' } })]])
  n:cmd('edit ' .. path)
  t.contains(n:messages(), '/nowhere/atomizer-lsp')
  n:cmd('edit')
  local _, count = n:messages():gsub('the server was not found', '')
  t.equal(count, 1)
end)
