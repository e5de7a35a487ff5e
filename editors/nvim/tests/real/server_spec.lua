local t = require('harness')
local real = require('real')
local study = require('study')

local function edit(path, old, new)
  return { edit = { path = path, old = old, new = new } }
end

t.test('diagnostics arrive and go', function()
  local s = real.open({})
  t.equal(
    s.n:lua([[return vim.lsp.get_clients({ name = 'atomizer' })[1].offset_encoding]]),
    'utf-8'
  )
  local row = s.n:lua([[
    local row = vim.fn.search('"max": 12.0')
    vim.fn.setline(row, (vim.fn.getline(row):gsub('12.0', '1.0')))
    return row
  ]])
  s.n:wait(
    [[vim.iter(vim.diagnostic.get(0)):any(function(it) return it.code == 'bounds-inverted' end)]]
  )
  t.equal(s.n:lua([[return #vim.diagnostic.get(0, { lnum = (...) - 2 })]], row), 1)
  s.n:cmd('undo')
  s.n:wait(
    [[not vim.iter(vim.diagnostic.get(0)):any(function(it) return it.code == 'bounds-inverted' end)]]
  )
end)

t.test('an answer streams into the chat, and the usage is told', function()
  local s = real.open({ { { text = 'The **web** is dv_001.' } } })
  t.equal(real.turn(s, 'which variable is the web?'), 'completed')
  study.sees(s.n, 'The **web** is dv_001.')
  study.sees(s.n, ' in, ')
end)

t.test('a selection can be asked about in the second message, and in another spec', function()
  local s = real.open({ { { text = 'One.' } }, { { text = 'Two.' } }, { { text = 'Three.' } } })
  t.equal(real.turn(s, 'about the bracket'), 'completed')
  s.n:wait([[require('atomizer.chat').conversation().study_id == 'bracket_mass']])
  local function ask(spec)
    s.n:cmd('stopinsert | wincmd t')
    s.n:cmd('edit ' .. spec)
    s.n:wait([[#vim.lsp.get_clients({ name = 'atomizer', bufnr = 0 }) == 1]])
    s.n:cmd('5,7Atomizer ask what is this?')
    t.equal(real.done(s), 'completed')
  end
  ask(s.spec)
  study.sees(s.n, 'Two.')
  ask(s.root .. '/studies/gimbal_arm/1_setup/atomizer_spec.json')
  study.sees(s.n, 'Three.')
  s.n:wait([[require('atomizer.chat').conversation().study_id == 'gimbal_arm']])
  local last = vim.split(vim.trim(t.read(s.n.home .. '/claude.log')), '\n')
  t.contains(last[#last], 'gimbal_arm')
  t.contains(last[#last], 'atomizer-selection')
end)

for _, autoread in ipairs({ 'autoread', 'noautoread' }) do
  t.test(
    autoread
      .. ": Claude's edit arrives; the buffer is as the file, unmodified, writes unasked, and u undoes it",
    function()
      local s = real.open(function(it)
        return { { edit(it.spec, '"max": 12.0', '"max": 14.0'), { text = 'Done.' } } }
      end, {
        ui = true,
        before = 'set ' .. autoread,
        settings = { claude = { userTools = { 'Read', 'Edit' } } },
      })
      local before = t.read(s.spec)
      t.equal(real.turn(s, 'thicker web'), 'completed')
      study.sees(s.n, '● bracket_mass: the spec changed, shown in the buffer')
      t.contains(real.buffer(s), '"max": 14.0')
      t.equal(real.modified(s), false)
      s.n:cmd('stopinsert')
      s.n:lua([[vim.api.nvim_set_current_win(vim.fn.win_findbuf(vim.fn.bufnr(...))[1])]], s.spec)
      s.n:cmd('checktime')
      s.n:writes()
      t.contains(t.read(s.spec), '"max": 14.0')
      assert(not s.n:messages():find('W1[12]'), s.n:messages())
      s.n:feed('u')
      t.equal(real.buffer(s) .. '\n', before)
      t.equal(real.modified(s), true)
    end
  )

  t.test(
    autoread
      .. ': unsaved work and the edit are merged; the buffer stays modified and writes unasked',
    function()
      local s = real.open(function(it)
        return { { edit(it.spec, '"max": 12.0', '"max": 14.0'), { text = 'Done.' } } }
      end, {
        ui = true,
        before = 'set ' .. autoread,
        settings = { claude = { userTools = { 'Read', 'Edit' } } },
      })
      s.n:lua([[vim.fn.setline(vim.fn.search('flange thickness'), '      "name": "flange",')]])
      t.equal(real.turn(s, 'thicker web'), 'completed')
      real.shows(s, '"max": 14.0')
      t.contains(real.buffer(s), '"name": "flange",')
      t.equal(real.modified(s), true)
      study.sees(s.n, '● bracket_mass: the spec changed, shown in the buffer')
      s.n:cmd('stopinsert')
      s.n:lua([[vim.api.nvim_set_current_win(vim.fn.win_findbuf(vim.fn.bufnr(...))[1])]], s.spec)
      s.n:writes()
      t.contains(t.read(s.spec), '"max": 14.0')
      t.contains(t.read(s.spec), '"name": "flange",')
      assert(not s.n:messages():find('W1[12]'), s.n:messages())
    end
  )
end

for _, autoread in ipairs({ 'autoread', 'noautoread' }) do
  for _, work in ipairs({ 'saved', 'unsaved' }) do
    t.test(
      ('%s, %s: Neovim looks at the file all the time: no question, no fold lost, no reload'):format(
        autoread,
        work
      ),
      function()
        local s = real.open(function(it)
          return { { edit(it.spec, '"max": 12.0', '"max": 14.0'), { text = 'Done.' } } }
        end, {
          ui = true,
          before = 'set ' .. autoread,
          settings = { claude = { userTools = { 'Read', 'Edit' } } },
        })
        s.n:lua(
          [[
          if ... == 'unsaved' then
            vim.fn.setline(vim.fn.search('flange thickness'), '      "name": "flange",')
          end
          vim.wo.foldmethod = 'manual'
          vim.cmd('60,62fold')
          vim.api.nvim_create_autocmd('BufReadPost', { callback = function() _G.read_anew = true end })
          _G.timer = vim.uv.new_timer()
          _G.timer:start(0, 5, vim.schedule_wrap(function() vim.cmd('checktime') end))
        ]],
          work
        )
        t.equal(real.turn(s, 'thicker web'), 'completed')
        study.sees(s.n, '● bracket_mass: the spec changed, shown in the buffer')
        s.n:lua([[_G.timer:close()]])
        t.equal(
          s.n:lua(
            [[
            local bufnr = vim.fn.bufnr(...)
            return vim.api.nvim_win_call(vim.fn.win_findbuf(bufnr)[1], function()
              return { vim.bo.modified, vim.fn.foldclosed(61), _G.read_anew == true }
            end)
          ]],
            s.spec
          ),
          { work == 'unsaved', 60, false }
        )
        t.contains(real.buffer(s), '"max": 14.0')
        assert(not s.n:messages():find('W1[12]'), s.n:messages())
        assert(not s.n:messages():find('changed on disk'), s.n:messages())
      end
    )
  end
end

t.test(
  'a value that both changed is a conflict: asked, and both answers do what they say',
  function()
    for _, choice in ipairs({ 'Keep mine', "Take Claude's" }) do
      local s = real.open(function(it)
        return { { edit(it.spec, '"max": 12.0', '"max": 14.0'), { text = 'Done.' } } }
      end, { ui = true, settings = { claude = { userTools = { 'Read', 'Edit' } } } })
      s.n:lua(
        [[
      _G.choice = ...
      vim.ui.select = function(items, options, on_choice)
        _G.asked = options.kind
        on_choice(_G.choice)
      end
      vim.fn.setline(vim.fn.search('"max": 12.0'), '        "max": 13.0')
    ]],
        choice
      )
      t.equal(real.turn(s, 'thicker web'), 'completed')
      s.n:wait([[_G.asked == 'atomizer_conflict']])
      real.shows(s, choice == 'Keep mine' and '"max": 13.0' or '"max": 14.0')
      t.equal(real.modified(s), choice == 'Keep mine')
    end
  end
)

t.test('a tool is asked for: allowed once, for the session, denied', function()
  local s = real.open(function(it)
    local function bash(name)
      return {
        { bash = { command = 'touch ' .. it.root .. '/' .. name } },
        { text = 'Tried ' .. name .. '.' },
      }
    end
    return { bash('one'), bash('two'), bash('two') }
  end, { ui = true })
  s.n:lua([[
    _G.asked = {}
    vim.ui.select = function(items, options, on_choice)
      table.insert(_G.asked, options.prompt)
      on_choice(_G.choice)
    end
  ]])
  s.n:lua([[_G.choice = 'Deny']])
  t.equal(real.turn(s, 'first'), 'completed')
  study.sees(s.n, '✗ Denied: Bash')
  t.equal(vim.uv.fs_stat(s.root .. '/one'), nil)
  s.n:lua([[_G.choice = 'Allow for this session']])
  t.equal(real.turn(s, 'second'), 'completed')
  assert(vim.uv.fs_stat(s.root .. '/two'))
  t.equal(real.turn(s, 'third'), 'completed')
  t.equal(s.n:lua([[return #_G.asked]]), 2)
end)

t.test('<C-c> at a question denies it; the turn goes on, and the next question is asked', function()
  local s = real.open(function(it)
    return {
      { { bash = { command = 'touch ' .. it.root .. '/one' } }, { text = 'Tried.' } },
      { { bash = { command = 'touch ' .. it.root .. '/two' } }, { text = 'Made.' } },
    }
  end, { ui = true })
  s.n:cmd('Atomizer chat go')
  s.n:wait_mode('c')
  s.n:keys('<C-c>')
  t.equal(real.done(s), 'completed')
  study.sees(s.n, '✗ Denied: Bash')
  s.n:cmd('Atomizer chat again')
  s.n:wait_mode('c')
  s.n:keys('1<CR>')
  t.equal(real.done(s), 'completed')
  t.equal({ vim.uv.fs_stat(s.root .. '/one') ~= nil, vim.uv.fs_stat(s.root .. '/two') ~= nil }, {
    false,
    true,
  })
end)

t.test(
  'stop ends the turn at once, takes an open question off the screen, and the next message works',
  function()
    local s = real.open(function(it)
      return {
        { { text = 'Half' }, { bash = { command = 'touch ' .. it.root .. '/x' } } },
        { { text = 'Whole.' } },
      }
    end, { ui = true })
    s.n:cmd('Atomizer chat go')
    s.n:wait_mode('c')
    study.sees(s.n, 'Half')
    s.n:lua([[vim.cmd('Atomizer stop')]])
    t.equal(real.done(s), 'cancelled')
    study.sees(s.n, 'Stopped')
    s.n:wait([[vim.api.nvim_get_mode().mode ~= 'c']])
    t.equal(s.n:lua([[return require('atomizer.ask').count()]]), 0)
    t.equal(real.turn(s, 'again'), 'completed')
    study.sees(s.n, 'Whole.')
  end
)

t.test('diff shows and revert takes back what a turn changed', function()
  local s = real.open(function(it)
    return { { edit(it.spec, '"max": 12.0', '"max": 14.0'), { text = 'Done.' } } }
  end, { settings = { claude = { userTools = { 'Read', 'Edit' } } } })
  local before = t.read(s.spec)
  t.equal(real.turn(s, 'thicker web'), 'completed')
  s.n:cmd('Atomizer diff')
  s.n:wait([[#vim.api.nvim_list_tabpages() == 2]])
  local sides = s.n:lua([[return vim.tbl_map(function(win)
    local lines = vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(win), 0, -1, true)
    return table.concat(lines, '\n'):match('"max": 1[24]%.0')
  end, vim.api.nvim_tabpage_list_wins(0))]])
  t.equal(sides, { '"max": 12.0', '"max": 14.0' })
  s.n:cmd('tabclose')
  s.n:cmd('Atomizer revert')
  real.shows(s, '"max": 12.0')
  s.n:wait([[vim.fn.execute('messages'):find('reverted')]])
  t.equal(real.buffer(s) .. '\n', before)
end)

t.test('conversations are there again after a restart of Neovim', function()
  local turns = { { { text = 'The first answer.' } } }
  local s = real.open(turns)
  t.equal(real.turn(s, 'remember me'), 'completed')
  s.n:stop()
  local again = real.open(turns, { home = s.n.home })
  again.n:lua([[vim.ui.select = function(items, options, on_choice) on_choice(items[1]) end]])
  again.n:cmd('Atomizer sessions')
  again.n:wait([[require('atomizer.chat').view() ~= nil]])
  study.sees(again.n, 'remember me')
  study.sees(again.n, 'The first answer.')
  -- What it cost is known, too.
  again.n:cmd('Atomizer usage')
  t.equal(real.done(again), 'completed')
  study.sees(again.n, '| turns | tokens sent | tokens received |')
  study.sees(again.n, '| 1 | 10 | 5 |')
end)

t.test(
  'two roots have a server each, and what Claude changes arrives in the right buffer',
  function()
    local second ---@type string
    local s = real.open(function(it)
      second = vim.fs.dirname(it.root) .. '/second/studies/bracket_mass/1_setup/atomizer_spec.json'
      return {
        {
          when = 'in the first',
          steps = { edit(it.spec, '"max": 12.0', '"max": 14.0'), { text = 'One.' } },
        },
        {
          when = 'in the second',
          steps = { edit(second, '"max": 12.0', '"max": 15.0'), { text = 'Two.' } },
        },
      }
    end, { settings = { claude = { userTools = { 'Read', 'Edit' } } } })
    vim.fn.system({ 'cp', '-r', s.root, s.n.home .. '/second' })
    t.equal(real.turn(s, 'in the first'), 'completed')
    s.n:cmd('stopinsert')
    s.n:cmd('tabedit ' .. second)
    s.n:wait([[#vim.lsp.get_clients({ name = 'atomizer', bufnr = 0 }) == 1]])
    t.equal(real.turn(s, 'in the second'), 'completed')
    t.equal(
      s.n:lua([[
      local roots = vim.tbl_map(function(it) return vim.fs.basename(it.root_dir) end, vim.lsp.get_clients({ name = 'atomizer' }))
      table.sort(roots)
      return roots
    ]]),
      { 'root', 'second' }
    )
    real.shows(s, '"max": 14.0')
    real.shows({ n = s.n, spec = second }, '"max": 15.0')
    assert(not t.read(second):find('"max": 14.0', 1, true))
  end
)

t.test('validate reaches the quickfix list, studies complete', function()
  local s = real.open({})
  s.n:cmd('Atomizer validate')
  s.n:wait([[vim.fn.execute('messages'):find('ready') ~= nil]])
  local studies = s.n:lua([[return vim.fn.getcompletion('Atomizer validate ', 'cmdline')]])
  assert(vim.list_contains(studies, 'bracket_mass'), vim.inspect(studies))
end)

t.test(':qall in the midst of a turn leaves no process', function()
  local s = real.open(function()
    return { { { text = 'Going.' }, { spawn = 'sleep 1000' }, { hang = true } } }
  end)
  s.n:cmd('Atomizer chat go')
  study.sees(s.n, 'Going.')
  local function runs(program)
    return vim.iter(real.processes(s.n.home)):any(function(line)
      return line:find(program, 1, true) ~= nil
    end)
  end
  for _, program in ipairs({ 'atomizer-lsp', 'claude-standin', 'sleep 1000' }) do
    assert(
      vim.wait(10000, function()
        return runs(program)
      end, 20),
      program
    )
  end
  s.n:stop()
  local deadline = vim.uv.hrtime() + 10e9
  while #real.processes(s.n.home) > 0 and vim.uv.hrtime() < deadline do
    vim.uv.sleep(50)
  end
  t.equal(real.processes(s.n.home), {})
end)

t.test(
  'completion, hover, definition, rename, code lenses and inlay hints by Neovim’s own functions',
  function()
    local s = real.open({})
    local n = s.n
    n:lua([[vim.fn.cursor(vim.fn.search('"extractor_id"'), 28)]])
    local function ask(method)
      return n:lua(
        [[
      local client = vim.lsp.get_clients({ name = 'atomizer' })[1]
      local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
      local answer = assert(client:request_sync(..., params, 5000, 0))
      assert(not answer.err, vim.inspect(answer.err))
      return answer.result
    ]],
        method
      )
    end
    assert(ask('textDocument/hover').contents)
    local definition = ask('textDocument/definition')
    assert(definition ~= vim.NIL and next(definition) ~= nil, vim.inspect(definition))
    assert(#(ask('textDocument/completion').items or ask('textDocument/completion')) > 0)
    n:lua([[vim.fn.cursor(vim.fn.search('"id": "dv_001"'), 16) vim.lsp.buf.rename('dv_042')]])
    n:wait([[not table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true), '\n'):find('dv_001')]])
    n:lua([[
      local newer = vim.fn.has('nvim-0.12') == 1
      local codelens = vim.lsp.codelens
      _G.lenses = function()
        return newer and vim.tbl_map(function(it) return it.lens end, codelens.get({ bufnr = 0 })) or codelens.get(0)
      end
      if newer then codelens.enable(true, { bufnr = 0 }) else codelens.refresh({ bufnr = 0 }) end
      vim.lsp.inlay_hint.enable(true, { bufnr = 0 })
    ]])
    n:wait([[#_G.lenses() > 0]])
    n:wait([[#vim.lsp.inlay_hint.get({ bufnr = 0 }) > 0]])
    local function lens(title)
      n:lua(
        [[
      local title = ...
      local client = vim.lsp.get_clients({ name = 'atomizer' })[1]
      for _, lens in ipairs(_G.lenses()) do
        if lens.command.title:find(title) then return client:exec_cmd(lens.command, { bufnr = 0 }) end
      end
      error('no lens ' .. title)
    ]],
        title
      )
    end
    lens('used by')
    n:wait([[vim.bo.buftype == 'quickfix']])
    n:cmd('cclose')
    lens('Validate study')
    n:wait([[vim.fn.getqflist({ title = 0 }).title:find('Atomizer: ')]])
    n:cmd('cclose')
    lens('Ask Claude')
    n:wait([[require('atomizer.chat').view() ~= nil]])
  end
)

if vim.fn.has('nvim-0.12') == 1 then
  t.test(':restart in the midst of a turn leaves no process of the former Neovim', function()
    local s = real.open(function()
      return { { { text = 'Going.' }, { hang = true } } }
    end, { screen = { 100, 30 } })
    s.n:cmd('Atomizer chat go')
    study.sees(s.n, 'Going.')
    vim.rpcnotify(s.n.channel, 'nvim_command', 'restart')
    local function servers()
      return vim.tbl_filter(function(line)
        return line:find('atomizer%-lsp') or line:find('claude%-standin')
      end, real.processes(s.n.home))
    end
    assert(
      vim.wait(10000, function()
        return #servers() == 0
      end, 50),
      vim.inspect(servers())
    )
    -- The new Neovim is nobody's job.
    for _, line in ipairs(real.processes(s.n.home)) do
      vim.uv.kill(assert(tonumber(line:match('^%d+'))), 'sigterm')
    end
  end)
end
