---@meta
-- What the plugin uses of luv, for the type check: Neovim's own annotations leave it to an addon.

---@class uv
local uv = {}

---@class uv.Timer
local Timer = {}
function Timer:close() end
---@return boolean
function Timer:is_closing() end
---@param timeout integer
---@param again integer
---@param callback fun()
function Timer:start(timeout, again, callback) end

---@return uv.Timer?
function uv.new_timer() end
---@return integer
function uv.now() end
function uv.update_time() end
---@param path string
---@return { ino: integer, size: integer, mtime: { sec: integer, nsec: integer } }?
function uv.fs_stat(path) end
---@param path string
---@param mode string
---@return boolean?
function uv.fs_access(path, mode) end
