-- nvim --clean -l tests/run.lua [FOLDER] [NAME]: runs the cases of tests/FOLDER whose name holds NAME.
local here = vim.fs.dirname(vim.fs.abspath(debug.getinfo(1, 'S').source:sub(2)))
package.path = here
  .. '/lua/?.lua;'
  .. here
  .. '/../lua/?.lua;'
  .. here
  .. '/../lua/?/init.lua;'
  .. package.path

local folder, filter = _G.arg[1], _G.arg[2]
for _, name in
  ipairs(vim.fn.sort(vim.fn.glob(('%s/%s/*_spec.lua'):format(here, folder or 'spec'), true, true)))
do
  dofile(name)
end
local passed = require('harness').run(filter)
io.stdout:flush()
os.exit(passed and 0 or 1)
