local t = require('harness')
local study = require('study')

--- What Claude does: the file changes, and the server sends the edit that makes the buffer the same.
---@param n Neovim
---@param path string
---@param old string in the file, on one line
---@param new string
---@param version? integer the document's version otherwise
local function claude_edits(n, path, old, new, version)
  local text = t.read(path)
  local at = assert(text:find(old, 1, true))
  n:write(path, text:sub(1, at - 1) .. new .. text:sub(at + #old))
  n:lua(
    [[
    local path, old, new, version = ...
    local bufnr = vim.fn.bufnr(path)
    for row, line in ipairs(vim.api.nvim_buf_get_lines(bufnr, 0, -1, true)) do
      local column = line:find(old, 1, true)
      if column then
        require('fake').request('workspace/applyEdit', { label = 'Claude: thicken', edit = {
          changeAnnotations = { claude = { label = 'Claude: thicken' } },
          documentChanges = { {
          textDocument = { uri = vim.uri_from_fname(path), version = version or vim.lsp.util.buf_versions[bufnr] },
          edits = { { annotationId = 'claude', newText = new, range = {
            start = { line = row - 1, character = column - 1 }, ['end'] = { line = row - 1, character = column - 1 + #old } } } },
        } } } })
        return
      end
    end
    error('not in the buffer: ' .. old)
  ]],
    path,
    old,
    new,
    version
  )
  n:wait([[#require('fake').replies > 0]])
end

local md5 = require('atomizer.md5')

local function told(n, path, applied)
  n:lua(
    [[local path, applied, hash = ...
    require('fake').notify('atomizer/specUpdated', { uri = vim.uri_from_fname(path), studyId = 'bracket', valid = true,
      applied = applied, hashBefore = 'x', hashAfter = hash })]],
    path,
    applied,
    md5(t.read(path))
  )
end

for _, autoread in ipairs({ 'autoread', 'noautoread' }) do
  t.test(
    autoread .. ': the buffer takes the change, is not modified, and writes without a question',
    function()
      local n, path = study.open({ ui = true, before = 'set ' .. autoread })
      claude_edits(n, path, '"max": 12', '"max": 14')
      t.equal(n:lua([[return require('fake').replies[1].result]]), { applied = true })
      t.equal(n:lua([[return vim.bo.modified]]), false)
      n:cmd('checktime')
      n:writes()
      local messages = n:messages()
      assert(not messages:find('W1[12]') and not messages:find('changed since'), messages)
      t.equal(t.read(path), (study.spec:gsub('"max": 12', '"max": 14')))
      t.equal(n:lua([[return vim.fn.undotree().seq_cur]]), 1)
    end
  )

  t.test(
    autoread .. ': one u brings the former text back, modified, and it can be written',
    function()
      local n, path = study.open({ ui = true, before = 'set ' .. autoread })
      claude_edits(n, path, '"max": 12', '"max": 14')
      n:cmd('checktime')
      n:feed('u')
      t.equal(table.concat(n:lines(), '\n') .. '\n', study.spec)
      t.equal(n:lua([[return vim.bo.modified]]), true)
      n:feed('<C-r>')
      t.equal(n:lua([[return vim.bo.modified]]), false)
      n:feed('u')
      n:keys(':write<CR>')
      n:wait([[vim.bo.modified == false]])
      t.equal(t.read(path), study.spec)
    end
  )

  t.test(
    autoread .. ': a modified buffer is merged, stays modified and writes without a question',
    function()
      local n, path = study.open({ ui = true, before = 'set ' .. autoread })
      n:lua([[vim.fn.setline(6, (vim.fn.getline(6):gsub('web thickness', 'web')))]])
      claude_edits(n, path, '"max": 12', '"max": 14')
      told(n, path, 'edit')
      n:cmd('checktime')
      t.equal(n:lua([[return vim.bo.modified]]), true)
      n:keys(':write<CR>')
      n:wait([[vim.bo.modified == false]])
      t.equal(
        t.read(path),
        (study.spec:gsub('web thickness', 'web'):gsub('"max": 12', '"max": 14'))
      )
      assert(not n:messages():find('W1[12]'), n:messages())
    end
  )
end

t.test("somebody else's change after Claude's is still warned of", function()
  local n, path = study.open({ ui = true, before = 'set noautoread' })
  n:lua([[vim.fn.setline(6, (vim.fn.getline(6):gsub('web thickness', 'web')))]])
  claude_edits(n, path, '"max": 12', '"max": 14')
  told(n, path, 'edit')
  n:write(path, (t.read(path):gsub('mass', 'weight')))
  n:keys(':write<CR>')
  n:wait_mode('r')
  n:keys('n<CR>')
  n:wait([[vim.bo.modified]])
  t.contains(t.read(path), 'weight')
end)

t.test('a change that the buffer has not taken in is left to Neovim', function()
  local n, path = study.open({ ui = true, before = 'set noautoread' })
  n:lua([[vim.fn.setline(6, (vim.fn.getline(6):gsub('web thickness', 'web')))]])
  n:write(path, (t.read(path):gsub('"max": 12', '"max": 14')))
  told(n, path, 'rejected')
  n:keys(':write<CR>')
  n:wait_mode('r')
  n:keys('n<CR>')
  n:wait([[vim.bo.modified]])
end)

t.test('an edit for an older text is refused and says so', function()
  local n, path = study.open()
  n:lua([[vim.fn.setline(6, vim.fn.getline(6) .. ' ')]])
  claude_edits(n, path, '"max": 12', '"max": 14', n:lua([[return vim.lsp.util.buf_versions[0] ]]))
  local result = n:lua([[return require('fake').replies[1].result]])
  t.equal(result.applied, false)
  t.contains(result.failureReason, 'the edit is for')
  t.contains(table.concat(n:lines(), '\n'), '"max": 12')
end)

t.test('a reload makes a new version, so that an edit from before does not fit', function()
  local n, path = study.open({ before = 'set autoread' })
  local before = n:lua([[return vim.lsp.util.buf_versions[vim.api.nvim_get_current_buf()] ]])
  n:write(path, (t.read(path):gsub('mass', 'weight, of all')))
  n:cmd('checktime')
  n:wait([[table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true)):find('weight')]])
  n:wait(
    [[(function(before) return require('fake').last('textDocument/didOpen').textDocument.version > before end)(...)]],
    before
  )
  claude_edits(n, path, '"max": 12', '"max": 14', before)
  t.equal(n:lua([[return require('fake').replies[1].result.applied]]), false)
end)

t.test('folds, marks and the cursors of all windows stay at their text', function()
  local n, path = study.open({ ui = true })
  n:lua([[
    vim.wo.foldmethod = 'manual'
    vim.cmd('11,13fold')
    vim.api.nvim_win_set_cursor(0, { 12, 4 })
    vim.cmd('split')
    vim.api.nvim_win_set_cursor(0, { 9, 6 })
    vim.api.nvim_buf_set_mark(0, 'a', 9, 7, {})
    vim.api.nvim_buf_set_mark(0, 'b', 2, 3, {})
    vim.cmd('vsplit')
    vim.api.nvim_win_set_cursor(0, { 7, 30 })
  ]])
  claude_edits(
    n,
    path,
    '"name": "web thickness",',
    '"name": "web thickness",\n      "units": "mm",'
  )
  t.equal(n:lua([[return vim.bo.modified]]), false)
  t.equal(
    n:lua([[
    local wins = vim.api.nvim_list_wins()
    local cursors = vim.tbl_map(vim.api.nvim_win_get_cursor, wins)
    local fold = vim.tbl_map(function(win) return vim.api.nvim_win_call(win, function() return vim.fn.foldclosed(12) end) end, wins)
    return { cursors, fold[#fold], vim.api.nvim_buf_get_mark(0, 'a'), vim.api.nvim_buf_get_mark(0, 'b') }
  ]]),
    { { { 8, 30 }, { 10, 6 }, { 13, 4 } }, 12, { 10, 7 }, { 2, 3 } }
  )
end)

t.test('a change that comes in the midst of typing is an undo step of its own', function()
  local n, path = study.open({ ui = true })
  n:keys('Go typed')
  n:wait([[table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true)):find('typed')]])
  claude_edits(n, path, '"max": 12', '"max": 14')
  n:keys(' on<Esc>')
  n:wait([[vim.api.nvim_get_mode().mode == 'n']])
  local text = table.concat(n:lines(), '\n')
  t.contains(text, ' typed on')
  t.contains(text, '"max": 14')
  n:feed('uu')
  text = table.concat(n:lines(), '\n')
  t.contains(text, ' typed')
  t.contains(text, '"max": 12')
end)

t.test('swap and undo file: the undo history survives a restart without a write', function()
  local n, path = study.open({ ui = true, before = 'set undofile' })
  claude_edits(n, path, '"max": 12', '"max": 14')
  t.equal(n:lua([[return vim.fn.swapname('%') ~= '']]), true)
  n:cmd('edit! | bwipeout')
  n:cmd('edit ' .. path)
  n:feed('u')
  t.contains(table.concat(n:lines(), '\n'), '"max": 12')
end)

t.test('after a crash :recover brings back what was typed, and what Claude changed', function()
  local n, path = study.open({ ui = true })
  n:lua([[vim.fn.setline(6, (vim.fn.getline(6):gsub('web thickness', 'web')))]])
  claude_edits(n, path, '"max": 12', '"max": 14')
  told(n, path, 'edit')
  n:wait([[vim.bo.modified]])
  n:cmd('preserve')
  vim.uv.kill(vim.fn.jobpid(n.job), 'sigkill')
  vim.fn.jobwait({ n.job })
  local again = t.start({ home = n.home })
  again:cmd('silent! recover ' .. path)
  t.equal(
    table.concat(again:lines(), '\n') .. '\n',
    (study.spec:gsub('web thickness', 'web'):gsub('"max": 12', '"max": 14'))
  )
end)

t.test('CRLF, no newline at the end and a BOM are no difference', function()
  for _, text in ipairs({
    study.spec:gsub('\n', '\r\n'),
    vim.trim(study.spec),
    '\239\187\191' .. study.spec,
  }) do
    local n = t.start()
    local path = study.lay(n, 'bracket', text)
    n:lua([[vim.lsp.config('atomizer', { cmd = require('fake').cmd })]])
    n:cmd('edit ' .. path)
    n:wait([[require('fake').last('textDocument/didOpen') ~= nil]])
    claude_edits(n, path, '"max": 12', '"max": 14')
    t.equal(n:lua([[return vim.bo.modified]]), false)
  end
end)

for _, autoread in ipairs({ 'autoread', 'noautoread' }) do
  t.test(
    autoread
      .. ': Neovim may look at the file before the edit arrives; nothing is asked, read anew or lost',
    function()
      local n, path = study.open({ ui = true, before = 'set ' .. autoread })
      study.say(n)
      n:cmd('stopinsert | wincmd t')
      n:lua([[
        require('fake').started()
        vim.wo.foldmethod = 'manual'
        vim.cmd('11,13fold')
        vim.api.nvim_win_set_cursor(0, { 12, 4 })
        vim.api.nvim_buf_set_mark(0, 'a', 9, 7, {})
      ]])
      local old, new = '"name": "web thickness",', '"name": "web thickness",\n      "units": "mm",'
      n:write(path, (study.spec:gsub(old, new)))
      n:cmd('checktime')
      n:lua(
        [[
        local bufnr, old, new = vim.api.nvim_get_current_buf(), ...
        local row = vim.fn.search(old, 'nw')
        local column = vim.fn.getline(row):find(old, 1, true)
        require('fake').request('workspace/applyEdit', { edit = { documentChanges = { {
          textDocument = { uri = vim.uri_from_bufnr(bufnr), version = vim.lsp.util.buf_versions[bufnr] },
          edits = { { newText = new, range = { start = { line = row - 1, character = column - 1 },
            ['end'] = { line = row - 1, character = column - 1 + #old } } } },
        } } } })
      ]],
        old,
        new
      )
      n:wait([[#require('fake').replies == 1]])
      told(n, path, 'edit')
      n:lua([[require('fake').finish({})]])
      n:wait([[require('atomizer.chat').conversation().running == nil]])
      t.equal(
        n:lua([[return { vim.bo.modified, vim.api.nvim_win_get_cursor(0), vim.fn.foldclosed(13),
          vim.api.nvim_buf_get_mark(0, 'a') }]]),
        { false, { 13, 4 }, 12, { 10, 7 } }
      )
      t.equal(
        n:lua(
          [[return vim.iter(require('fake').received):filter(function(it)
          return it.method == 'textDocument/didOpen' end):fold(0, function(count) return count + 1 end)]]
        ),
        1
      )
      t.equal(n:lua([[return vim.o.autoread]]), autoread == 'autoread')
      t.equal(
        n:lua([[return vim.api.nvim_get_option_value('autoread', { scope = 'local' }) == nil]]),
        true
      )
      assert(not n:messages():find('W1[12]'), n:messages())
      assert(not n:messages():find('changed on disk'), n:messages())
    end
  )

  t.test(
    autoread .. ': a change that no edit brought is not hidden when the turn is over',
    function()
      local n, path = study.open({ ui = true, before = 'set ' .. autoread })
      study.say(n)
      n:cmd('stopinsert | wincmd t')
      n:lua([[require('fake').started()]])
      n:write(path, (study.spec:gsub('mass', 'weight')))
      n:cmd('checktime')
      t.equal(table.concat(n:lines(), '\n') .. '\n', study.spec)
      n:lua([[require('fake').finish({})]])
      n:wait([[require('atomizer.chat').conversation().running == nil]])
      if autoread == 'autoread' then
        t.contains(table.concat(n:lines(), '\n'), 'weight')
      else
        t.contains(n:messages(), 'changed on disk')
        t.equal(table.concat(n:lines(), '\n') .. '\n', study.spec)
      end
      -- And from now on Neovim looks by itself again.
      n:write(path, (study.spec:gsub('mass', 'heaviness')))
      if autoread == 'autoread' then
        n:cmd('checktime')
        t.contains(table.concat(n:lines(), '\n'), 'heaviness')
      else
        n:keys(':checktime<CR>')
        n:wait_mode('r')
        n:keys('L')
        n:wait([[table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true)):find('heaviness')]])
      end
    end
  )
end

t.test('a change that the buffer would not take is told at once', function()
  local n, path = study.open({ ui = true, before = 'set noautoread' })
  study.say(n)
  n:cmd('stopinsert | wincmd t')
  n:lua([[require('fake').started()]])
  n:write(path, (study.spec:gsub('mass', 'weight')))
  n:cmd('checktime')
  told(n, path, 'rejected')
  n:wait([[vim.fn.execute('messages'):find('changed on disk')]])
end)

t.test('a revert, too, may be seen on disk before its edit comes', function()
  local n, path = study.open({ ui = true, before = 'set noautoread' })
  n:lua(
    [[
    local path, text = ...
    require('atomizer').setup({ confirm_revert = false })
    require('fake').answers['atomizer/turn/revert'] = function()
      local lines = vim.split(vim.trim(text), '\n')
      vim.fn.writefile(lines, path)
      vim.cmd('checktime')
      vim.api.nvim_buf_set_lines(vim.fn.bufnr(path), 0, -1, true, lines)
      return { changes = { { uri = vim.uri_from_fname(path), applied = 'edit' } } }
    end
    require('atomizer.changes').revert(vim.fs.root(path, 'studies'), 'turn-1')
  ]],
    path,
    (study.spec:gsub('mass', 'weight'))
  )
  n:wait([[vim.fn.execute('messages'):find('reverted in the buffer')]])
  n:wait([[vim.bo.modified == false]])
  t.equal(
    n:lua([[return vim.api.nvim_get_option_value('autoread', { scope = 'local' }) == nil]]),
    true
  )
  assert(not n:messages():find('changed on disk'), n:messages())
end)

t.test('a spec opened in the midst of a turn is left alone, too', function()
  local n = study.open({ ui = true, before = 'set noautoread' })
  study.say(n)
  n:cmd('stopinsert | wincmd t')
  n:lua([[require('fake').started()]])
  local other = study.lay(n, 'gimbal')
  n:cmd('edit ' .. other)
  n:write(other, (study.spec:gsub('mass', 'weight')))
  n:cmd('checktime')
  assert(not n:messages():find('W1[12]'), n:messages())
  n:lua([[require('fake').finish({})]])
  n:wait([[vim.fn.execute('messages'):find('changed on disk')]])
end)
