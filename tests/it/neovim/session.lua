-- An engineer in Neovim: opens a spec with a mistake, sees the diagnostic, asks Claude, sees the buffer change.
-- Prints one JSON object about what he saw. Arguments: server, settings as JSON, spec.
local server, settings, spec = arg[1], vim.json.decode(arg[2]), arg[3]
local patience = 30000

local function wait(what, holds)
  assert(vim.wait(patience, holds, 10), 'waited for ' .. what)
end

local types = {}
local progress = vim.lsp.handlers['$/progress']
vim.lsp.config('atomizer', {
  cmd = { server },
  root_markers = { 'studies' },
  filetypes = { 'json' },
  settings = { atomizer = settings },
  handlers = {
    ['$/progress'] = function(err, params, context)
      if params.token ~= 'lua' then return progress(err, params, context) end
      table.insert(types, params.value.type)
    end,
  },
})
vim.lsp.enable('atomizer')
vim.cmd.filetype('on')
vim.cmd.edit(spec)
local buffer = vim.api.nvim_get_current_buf()

wait('diagnostics', function() return #vim.diagnostic.get(buffer) > 0 end)
local before = vim.tbl_map(function(d) return d.code end, vim.diagnostic.get(buffer))

local client = vim.lsp.get_clients({ bufnr = buffer })[1]
local result, problem
client:request('atomizer/chat', {
  message = 'Fix it, please.',
  mode = 'power',
  textDocument = { uri = vim.uri_from_bufnr(buffer) },
  partialResultToken = 'lua',
}, function(err, answer) problem, result = err, answer end, buffer)
wait('the answer', function() return result or problem end)
assert(not problem, vim.inspect(problem))
wait('no diagnostics', function() return #vim.diagnostic.get(buffer) == 0 end)

local lines = vim.api.nvim_buf_get_lines(buffer, 0, -1, false)
local on_disk = vim.fn.readfile(spec)
vim.cmd.undo()
local undone = vim.api.nvim_buf_get_lines(buffer, 0, -1, false)

io.write(vim.json.encode({
  version = tostring(vim.version()),
  before = before,
  types = types,
  status = result.status,
  text = result.text,
  applied = vim.tbl_map(function(update) return update.applied end, result.specUpdates),
  same_as_disk = vim.deep_equal(lines, on_disk),
  baseline = vim.iter(lines):find(function(line) return line:find('"baseline"') end),
  undone = vim.iter(undone):find(function(line) return line:find('"baseline"') end),
}), '\n')

client:stop()
wait('the end of the server', function() return client:is_stopped() end)
vim.cmd('qa!')
