-- The chat's windows.
local t = require('harness')
local study = require('study')

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
