local t = require('harness')
local study = require('study')

--- Replaces the picker by one that waits: `_G.asked` are its calls, `_G.choose(i, item)` answers.
local picker = [[
  _G.asked, _G.floats = {}, {}
  vim.ui.select = function(items, options, on_choice)
    local float = {}
    for _, win in ipairs(vim.api.nvim_list_wins()) do
      if vim.api.nvim_win_get_config(win).relative ~= '' then
        float = vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(win), 0, -1, true)
      end
    end
    table.insert(_G.asked, { items = items, prompt = options.prompt, kind = options.kind, float = float })
    table.insert(_G.floats, on_choice)
  end
  _G.choose = function(i, item) _G.floats[i](item) end
]]

local function request(n, id, tool, input)
  n:lua(
    [[
    local id, tool, input = ...
    require('fake').request('atomizer/permission', {
      sessionId = 'abcd1234', turnId = 'turn-1', requestId = id, toolName = tool, input = input, description = 'why it is asked' })
  ]],
    id,
    tool,
    input
  )
end

t.test('a permission question shows its detail and carries the answer back', function()
  local n = study.open({ ui = true })
  n:lua(picker)
  request(n, 'q1', 'Bash', { command = 'rm -rf results\necho gone' })
  n:wait([[#_G.asked == 1]])
  local asked = n:lua([[return _G.asked[1] ]])
  t.equal(asked.items, { 'Allow', 'Allow for this session', 'Deny' })
  t.equal(asked.prompt, 'Claude asks for Bash rm -rf results')
  t.equal(asked.kind, 'atomizer_permission')
  t.equal(asked.float, { 'why it is asked', '```sh', 'rm -rf results', 'echo gone', '```' })
  n:lua([[_G.choose(1, 'Allow for this session')]])
  n:wait([[#require('fake').replies == 1]])
  t.equal(
    n:lua([[return require('fake').replies[1].result]]),
    { behavior = 'allow', scope = 'session' }
  )
  t.equal(
    n:lua(
      [[return #vim.tbl_filter(function(win) return vim.api.nvim_win_get_config(win).relative ~= '' end, vim.api.nvim_list_wins())]]
    ),
    0
  )
end)

t.test('several questions come one after the other; closing one is a no', function()
  local n = study.open({ ui = true })
  n:lua(picker)
  request(n, 'q1', 'Read', { file_path = '/etc/hosts' })
  request(n, 'q2', 'Edit', { file_path = '/x', old_string = 'a', new_string = 'b' })
  n:wait([[#_G.asked == 1]])
  t.equal(n:lua([[return require('atomizer.ask').count()]]), 2)
  n:lua([[_G.choose(1, nil)]])
  n:wait([[#_G.asked == 2]])
  t.equal(n:lua([[return require('fake').replies[1].result.behavior]]), 'deny')
  t.equal(
    n:lua([[return _G.asked[2].float]]),
    { 'why it is asked', '/x', '```diff', '-a', '+b', '```' }
  )
  n:lua([[_G.choose(2, 'Allow')]])
  n:wait([[#require('fake').replies == 2]])
  t.equal(
    n:lua([[return require('fake').replies[2].result]]),
    { behavior = 'allow', scope = 'once' }
  )
end)

t.test(
  'a withdrawn question is closed, a late answer does nothing, the next one is asked',
  function()
    local n = study.open({ ui = true })
    n:lua(picker)
    request(n, 'q1', 'Bash', { command = 'one' })
    request(n, 'q2', 'Bash', { command = 'two' })
    request(n, 'q3', 'Bash', { command = 'three' })
    n:wait([[#_G.asked == 1]])
    n:lua(
      [[require('fake').notify('atomizer/permissionWithdrawn', { sessionId = 'abcd1234', requestId = 'q2' })]]
    )
    n:lua(
      [[require('fake').notify('atomizer/permissionWithdrawn', { sessionId = 'abcd1234', requestId = 'q1' })]]
    )
    n:wait([[#_G.asked == 2]])
    t.equal(n:lua([[return _G.asked[2].prompt]]), 'Claude asks for Bash three')
    n:lua([[_G.choose(1, 'Allow')]])
    t.equal(
      n:lua(
        [[return vim.tbl_map(function(it) return it.result.behavior end, require('fake').replies)]]
      ),
      { 'deny', 'deny' }
    )
    n:lua([[_G.choose(2, 'Allow')]])
    n:wait([[#require('fake').replies == 3]])
    t.equal(n:lua([[return require('fake').replies[3].result.behavior]]), 'allow')
  end
)

t.test(
  "with Neovim's own picker: the number chooses, and a withdrawal takes the question off the screen",
  function()
    local n = study.open({ ui = true })
    request(n, 'q1', 'Bash', { command = 'one' })
    n:wait_mode('c')
    n:keys('1<CR>')
    n:wait([[#require('fake').replies == 1]])
    t.equal(
      n:lua([[return require('fake').replies[1].result]]),
      { behavior = 'allow', scope = 'once' }
    )
    request(n, 'q2', 'Bash', { command = 'two' })
    n:wait_mode('c')
    n:lua(
      [[require('fake').notify('atomizer/permissionWithdrawn', { sessionId = 'abcd1234', requestId = 'q2' })]]
    )
    n:wait_mode('n')
    t.equal(n:lua([[return require('fake').replies[2].result.behavior]]), 'deny')
  end
)

t.test('<C-c> is a no to the question that is asked, and the next one is asked', function()
  local n = study.open({ ui = true })
  request(n, 'q1', 'Bash', { command = 'one' })
  n:wait_mode('c')
  n:keys('<C-c>')
  n:wait([[#require('fake').replies == 1]])
  request(n, 'q2', 'Bash', { command = 'two' })
  n:wait_mode('c')
  n:keys('1<CR>')
  n:wait([[#require('fake').replies == 2]])
  t.equal(
    n:lua(
      [[return vim.tbl_map(function(it) return it.result.behavior end, require('fake').replies)]]
    ),
    { 'deny', 'allow' }
  )
  assert(not n:messages():find('could not be asked'), n:messages())
end)

t.test('a picker that fails is a no and is told; the questions after it are asked', function()
  local n = study.open({ ui = true })
  n:lua([[vim.ui.select = function() error('no picker today', 0) end]])
  request(n, 'q1', 'Bash', { command = 'one' })
  n:wait([[#require('fake').replies == 1]])
  t.contains(n:messages(), 'no picker today')
  n:lua(picker)
  request(n, 'q2', 'Bash', { command = 'two' })
  n:wait([[#_G.asked == 1]])
  n:lua([[_G.choose(1, 'Allow')]])
  n:wait([[#require('fake').replies == 2]])
  t.equal(n:lua([[return require('fake').replies[1].result.behavior]]), 'deny')
end)

t.test('the questions of a server that ended go away', function()
  local n = study.open({ ui = true })
  n:lua(picker)
  request(n, 'q1', 'Bash', { command = 'one' })
  request(n, 'q2', 'Bash', { command = 'two' })
  n:wait([[#_G.asked == 1]])
  n:lua([[vim.lsp.get_clients({ name = 'atomizer' })[1]:stop(true)]])
  n:wait([[require('atomizer.ask').count() == 0]])
  t.equal(n:lua([[return #vim.api.nvim_list_wins()]]), 1)
end)

t.test('what does not fit shows its beginning and end, and all of it on demand', function()
  local n = study.open({ ui = true })
  n:lua(picker)
  n:cmd('Atomizer chat')
  n:wait_mode('i')
  local lines = {}
  for i = 1, 200 do
    lines[i] = 'echo ' .. i
  end
  request(n, 'q1', 'Bash', { command = table.concat(lines, '\n') })
  n:wait([[#_G.asked == 1]])
  local asked = n:lua([[return _G.asked[1] ]])
  t.equal(asked.items, { 'Allow', 'Allow for this session', 'Deny', 'Show all' })
  -- 24 lines, of which picker and border take 11.
  t.equal(#asked.float, 13)
  t.equal({ asked.float[3], asked.float[9], asked.float[13] }, {
    'echo 1',
    '… 191 lines more',
    '```',
  })
  n:lua([[_G.choose(1, 'Show all')]])
  n:wait([[#vim.api.nvim_list_tabpages() == 2]])
  t.equal(n:lines()[102], 'echo 100')
  t.equal(n:lua([[return #require('fake').replies]]), 0)
  n:wait_mode('n')
  n:keys('q')
  n:wait([[#_G.asked == 2]])
  n:lua([[_G.choose(2, 'Deny')]])
  n:wait([[#require('fake').replies == 1]])
end)

t.test('a long line of a question is cut like long texts, between characters', function()
  local n = study.open({ ui = true })
  local shown = n:lua([[
    local shown, whole = require('atomizer.detail').fit({ ('ä€'):rep(50), 'end' }, 10, 5)
    return { shown, whole }
  ]])
  t.equal(
    shown,
    { { ('ä€'):rep(5), ('ä€'):rep(5), ('ä€'):rep(5), '… 7 lines more', 'end' }, false }
  )
end)

t.test('nobody answers by keys that were meant for something else', function()
  local n = study.open({ ui = true })
  n:lua(picker)
  n:cmd('Atomizer chat')
  n:keys('thick')
  n:wait([[vim.api.nvim_get_current_line() == 'thick']])
  -- A clock of its own: how fast this machine is does not matter.
  n:lua([[
    _G.now = 1000000
    vim.uv.now = function() return _G.now end
  ]])
  n:keys('e')
  n:wait([[vim.api.nvim_get_current_line() == 'thicke']])
  request(n, 'q1', 'Bash', { command = 'one' })
  n:lua([[vim.defer_fn(function() _G.looked = #_G.asked end, 120)]])
  n:wait([[_G.looked ~= nil]])
  t.equal(n:lua([[return _G.looked]]), 0)
  n:lua([[_G.now = _G.now + 1000]])
  n:wait([[#_G.asked == 1]])
  t.equal(n:lines(), { 'thicke' })
end)

t.test('AtomizerPermission is told, and the status line says who waits', function()
  local n = study.open({ ui = true })
  n:lua(picker)
  n:lua(
    [[vim.api.nvim_create_autocmd('User', { pattern = 'AtomizerPermission', callback = function(args) _G.heard = args.data.toolName end })]]
  )
  study.say(n)
  n:lua(
    [[require('fake').started() require('fake').event({ type = 'permission', requestId = 'q1', toolName = 'Bash', input = { command = 'x' }, decision = 'asked' })]]
  )
  request(n, 'q1', 'Bash', { command = 'x' })
  n:wait([[_G.heard == 'Bash']])
  n:wait([[require('atomizer').statusline() == 'Claude: waiting for you']])
  n:lua(
    [[require('fake').event({ type = 'permission', requestId = 'q1', toolName = 'Bash', input = {}, decision = 'denied', reason = 'no' })]]
  )
  study.sees(n, '✗ Denied: Bash (no)')
end)

t.test('a conflict is asked with all three values', function()
  local n, path = study.open({ ui = true })
  n:lua(picker)
  n:lua(
    [[require('fake').request('atomizer/conflict', { conflictId = 'c1', turnId = 'turn-1', uri = vim.uri_from_fname(...),
    pointer = '/design_variables/0/bounds/max', base = 12, mine = 13, theirs = 14 })]],
    path
  )
  n:wait([[#_G.asked == 1]])
  local asked = n:lua([[return _G.asked[1] ]])
  t.equal(asked.items, { 'Keep mine', "Take Claude's" })
  t.equal(asked.float, {
    '/design_variables/0/bounds/max in studies/bracket/atomizer_spec.json',
    'before:   12',
    'yours:    13',
    "Claude's: 14",
  })
  n:lua([[_G.choose(1, "Take Claude's")]])
  n:wait([[#require('fake').replies == 1]])
  t.equal(n:lua([[return require('fake').replies[1].result]]), { take = 'theirs' })
end)
