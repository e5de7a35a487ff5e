-- What a message is about: the selection, the line, the spec, the study.
local t = require('harness')
local study = require('study')

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
