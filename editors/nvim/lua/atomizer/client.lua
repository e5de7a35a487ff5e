-- Finding the client of a root, starting it where no spec is open, and asking it.
local lsp = require('atomizer.lsp')

local M = {}

--- How long a starting server may take to answer `initialize`.
local START_MS = 10000
local POLL_MS = 20

---@param root string
---@return vim.lsp.Client?
function M.running(root)
  for _, client in ipairs(vim.lsp.get_clients({ name = lsp.name })) do
    if client.root_dir == root and not client:is_stopped() then
      return client
    end
  end
end

--- The Atomizer root that the user is at: of the spec in front, of the chat, of the last spec, of the working folder.
---@return string? root
function M.root()
  local bufnr = vim.api.nvim_get_current_buf()
  local attached = vim.lsp.get_clients({ name = lsp.name, bufnr = bufnr })[1]
  if attached and attached.root_dir then
    return attached.root_dir
  end
  if vim.b[bufnr].atomizer_root then
    return vim.b[bufnr].atomizer_root
  end
  local name = vim.api.nvim_buf_get_name(bufnr)
  local found = name ~= '' and vim.bo[bufnr].buftype == '' and lsp.find_root(name)
  if found then
    return found
  end
  local spec = M.spec_buffer()
  local client = spec and vim.lsp.get_clients({ name = lsp.name, bufnr = spec })[1]
  return client and client.root_dir or lsp.find_root(vim.fn.getcwd())
end

--- The spec buffer in front: the current one; else one shown in this tab; else the one used last, all of them only
--- below `root` when given.
---@param root? string
---@return integer?
function M.spec_buffer(root)
  local function fits(bufnr)
    if not (vim.api.nvim_buf_is_loaded(bufnr) and lsp.is_spec(bufnr)) then
      return false
    end
    return not root or vim.fs.relpath(root, vim.api.nvim_buf_get_name(bufnr)) ~= nil
  end
  local current = vim.api.nvim_get_current_buf()
  if fits(current) then
    return current
  end
  local shown = {} ---@type table<integer, boolean>
  for _, win in ipairs(vim.api.nvim_tabpage_list_wins(0)) do
    shown[vim.api.nvim_win_get_buf(win)] = true
  end
  local best ---@type integer?
  local best_rank = { false, -1 }
  for _, info in ipairs(vim.fn.getbufinfo({ bufloaded = 1 })) do
    local rank = { shown[info.bufnr] or false, info.lastused }
    local better = rank[1] and not best_rank[1]
      or rank[1] == best_rank[1] and rank[2] > best_rank[2]
    if better and fits(info.bufnr) then
      best, best_rank = info.bufnr, rank
    end
  end
  return best
end

--- The buffer that a study's spec is open in: `studies/[_inbox/]<id>/[1_setup/]atomizer_spec.json`.
---@param root string
---@param study_id string
---@return integer?
function M.study_buffer(root, study_id)
  local studies = vim.fs.joinpath(root, 'studies')
  for _, bufnr in ipairs(vim.api.nvim_list_bufs()) do
    local open = vim.api.nvim_buf_is_loaded(bufnr) and lsp.is_spec(bufnr)
    local path = open and vim.fs.relpath(studies, vim.api.nvim_buf_get_name(bufnr))
    if path and vim.fs.dirname(path):gsub('^_inbox/', ''):gsub('/1_setup$', '') == study_id then
      return bufnr
    end
  end
end

--- Calls back with the initialized client of `root`, started if it has to be; with nil when that fails (told then).
---@param root string
---@param callback fun(client: vim.lsp.Client?)
function M.with(root, callback)
  local running = M.running(root)
  if running and running.initialized then
    return callback(running)
  end
  local config = vim.deepcopy(lsp.configured())
  if config.cmd == lsp.missing then
    lsp.report_missing()
    return callback(nil)
  end
  config.root_dir = root
  local id = vim.lsp.start(config, { attach = false })
  local timer = assert(vim.uv.new_timer())
  local waited = 0
  local function look()
    if timer:is_closing() then
      return
    end
    local client = id and vim.lsp.get_client_by_id(id)
    waited = waited + POLL_MS
    if client and client.initialized and not client:is_stopped() then
      timer:close()
      callback(client)
    elseif not id or waited >= START_MS or (client and client:is_stopped()) then
      timer:close()
      vim.notify(
        ('atomizer: the server did not start in %s; see :checkhealth atomizer'):format(root),
        vim.log.levels.ERROR
      )
      callback(nil)
    end
  end
  timer:start(0, POLL_MS, vim.schedule_wrap(look))
end

--- What an error answer says to a person.
---@param err lsp.ResponseError
---@return string
function M.error_text(err)
  local kind = type(err.data) == 'table' and err.data.kind
  return kind and ('%s (%s)'):format(err.message, kind) or err.message
end

--- Sends `atomizer/<operation>`; `callback` hears the result, or nil after an error that was told to the user.
---@param client vim.lsp.Client
---@param operation string
---@param params table
---@param callback? fun(result: any, err?: lsp.ResponseError)
---@param quiet? boolean errors are the callback's business
---@return integer? request_id
function M.request(client, operation, params, callback, quiet)
  if next(params) == nil then
    params = vim.empty_dict()
  end
  local function answered(err, result)
    if err and not quiet then
      vim.notify(('atomizer: %s'):format(M.error_text(err)), vim.log.levels.ERROR)
    end
    if result == vim.NIL then
      result = nil
    end
    if callback then
      callback(result, err)
    end
  end
  -- The buffer whose changes have to be sent first.
  local uri = vim.tbl_get(params, 'textDocument', 'uri')
  local bufnr = uri and vim.uri_to_bufnr(uri) or nil
  local sent, id = client:request('atomizer/' .. operation, params, answered, bufnr)
  if not sent then
    answered({
      code = -32003,
      message = 'the server has ended; edit a spec or :edit one to start it again',
    })
    return nil
  end
  return id
end

--- `with` and `request` for the root that the user is at.
---@param operation string
---@param params table|fun(client: vim.lsp.Client): table
---@param callback fun(result: any, client: vim.lsp.Client)
function M.ask(operation, params, callback)
  local root = M.root()
  if not root then
    vim.notify(
      'atomizer: no folder with studies/ above this file or the working folder',
      vim.log.levels.WARN
    )
    return
  end
  M.with(root, function(client)
    if not client then
      return
    end
    if type(params) == 'function' then
      params = params(client)
    end
    M.request(client, operation, params, function(result, err)
      if not err then
        callback(result, client)
      end
    end)
  end)
end

return M
