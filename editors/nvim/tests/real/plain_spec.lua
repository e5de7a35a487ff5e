-- Neovim without the plugin, with the configuration that docs/editors.md shows, to the letter.
local t = require('harness')
local real = require('real')

t.test("without the plugin: diagnostics, rename and Claude's edit", function()
  local block = assert(t.read(t.repository .. '/docs/editors.md'):match('```lua\n(.-)```'))
  local s = real.open(function(it)
    return {
      {
        { edit = { path = it.spec, old = '"max": 12.0', new = '"max": 14.0' } },
        { text = 'Done.' },
      },
    }
  end, { plain = true, closed = true })
  s.n:write('rtp/lsp/atomizer.lua', block)
  s.n:lua(
    [[
    local home, server, claude = ...
    vim.env.PATH = vim.fs.dirname(server) .. ':' .. vim.env.PATH
    vim.opt.runtimepath:append(home .. '/rtp')
    vim.lsp.config('atomizer', {
      settings = { atomizer = { claude = { command = claude, userTools = { 'Read', 'Edit' } } } },
    })
    vim.lsp.enable('atomizer')
  ]],
    s.n.home,
    real.server,
    real.standin
  )
  s.n:cmd('edit ' .. s.spec)
  s.n:wait([[#vim.lsp.get_clients({ name = 'atomizer', bufnr = 0 }) == 1]])
  s.n:lua([[vim.fn.setline(vim.fn.search('"baseline": 8.0'), '      "baseline": 80.0,')]])
  s.n:wait([[#vim.diagnostic.get(0) > 0]])
  s.n:cmd('undo')
  s.n:lua([[vim.fn.cursor(vim.fn.search('"id": "dv_001"'), 16) vim.lsp.buf.rename('dv_042')]])
  s.n:wait([[not table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true), '\n'):find('dv_001')]])
  s.n:cmd('write')
  s.n:lua([[
    local client = vim.lsp.get_clients({ name = 'atomizer' })[1]
    client:request('atomizer/chat', { message = 'thicker', textDocument = { uri = vim.uri_from_bufnr(0) } },
      function(_, result) _G.status = result and result.status end)
  ]])
  s.n:wait([[_G.status == 'completed']])
  real.shows(s, '"max": 14.0')
end)
