std = 'luajit'
globals = { 'vim' }
max_line_length = false -- stylua's business
files['lua/atomizer/types.lua'] = { only = {} }
files['tests/types'] = { only = {} }
