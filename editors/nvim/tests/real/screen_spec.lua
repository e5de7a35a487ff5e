-- The chat as a person sees it: Neovim's own terminal interface, read as text. The recorded screen is the one of the
-- README: `ATOMIZER_RECORD=1` writes it anew.
local t = require('harness')
local real = require('real')

local readme = t.plugin .. '/README.md'

--- What differs from run to run.
---@param lines string[]
---@param home string
---@return string
local function stable(lines, home)
  local text = table.concat(lines, '\n'):gsub(vim.pesc(home), '~'):gsub('%s+$', '')
  text = text:gsub(' %d%d:%d%d\n', ' 15:30\n')
  return (text:gsub('%d+%.%d s', '2.4 s')) .. '\n'
end

t.test('the chat beside the spec: question, folded tool, change, answer, prompt', function()
  local s = real.open(function(it)
    return {
      {
        { thinking = 'The web is dv_001.\nIts upper bound limits it.' },
        { edit = { path = it.spec, old = '"max": 12.0', new = '"max": 14.0' } },
        {
          text = 'I raised the upper bound of `dv_001` (web thickness) from 12 to 14 mm.\n\n- the baseline stays at 8 mm\n- nothing else changed',
        },
      },
    }
  end, { screen = { 120, 34 }, settings = { claude = { userTools = { 'Read', 'Edit' } } } })
  s.n:lua(
    [[vim.o.statusline = "%f %m%= %{v:lua.require'atomizer'.statusline()}" vim.o.number = true]]
  )
  s.n:lua([[vim.fn.cursor(vim.fn.search('"max": 12.0'), 17)]])
  s.n:cmd('Atomizer chat let the web become up to 14 mm thick')
  t.equal(real.done(s), 'completed')
  local before, recorded, after = t.read(readme):match('^(.-```text\n)(.-)(```\n.*)$')
  -- The usage is the last thing to be drawn; the status line says that it answers until its own next drawing.
  s.n:see(' in, ')
  if os.getenv('ATOMIZER_RECORD') then
    recorded = stable(s.n:see_not('answering'), s.n.home)
    s.n:write(readme, before .. recorded .. after)
  end
  local screen = s.n:see_when(function(lines)
    return stable(lines, s.n.home) == recorded
  end)
  t.equal(vim.split(stable(screen, s.n.home), '\n'), vim.split(recorded, '\n'))
end)

t.test('a question for permission stands in a float above its choices', function()
  local s = real.open(function(it)
    return { { { bash = { command = 'touch ' .. it.root .. '/x' } }, { text = 'Done.' } } }
  end, { screen = { 100, 30 } })
  s.n:cmd('Atomizer chat make a file')
  local screen = table.concat(s.n:see('3: Deny'), '\n')
  t.contains(screen, ' Bash ')
  t.contains(screen, 'touch ')
  t.contains(screen, '1: Allow\n2: Allow for this session\n3: Deny')
  s.n:keys('3<CR>')
  t.equal(real.done(s), 'completed')
end)
