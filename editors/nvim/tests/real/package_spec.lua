-- The release archive, installed as a package in a Neovim that has nothing else.
local t = require('harness')
local real = require('real')

t.test(
  'unpacked into pack/*/start the archive is all that is needed: server, commands, help',
  function()
    local archive = vim.fn.tempname() .. '.tar'
    local made = vim
      .system({ t.plugin .. '/package.sh', real.server, archive }, {
        env = { NVIM_PROGRAM = vim.v.progpath },
      })
      :wait()
    t.equal({ made.code, made.stderr }, { 0, '' })
    local home =
      vim.uv.fs_realpath(assert(vim.uv.fs_mkdtemp(vim.uv.os_tmpdir() .. '/atomizer-nvim-XXXXXX')))
    local start = home .. '/data/nvim/site/pack/atomizer/start'
    vim.fn.mkdir(start, 'p')
    vim.fn.system({ 'tar', '-C', start, '-xf', archive })
    vim.fn.delete(archive)
    local s = real.open({ { { text = 'From the package.' } } }, { home = home, installed = true })
    t.equal(
      s.n:lua([[return vim.lsp.get_clients({ name = 'atomizer' })[1].config.cmd]]),
      { start .. '/atomizer/bin/atomizer-lsp' }
    )
    t.equal(real.turn(s, 'hello'), 'completed')
    s.n:cmd('stopinsert | help :Atomizer')
    t.equal(s.n:lua([[return vim.api.nvim_buf_get_name(0)]]), start .. '/atomizer/doc/atomizer.txt')
  end
)
