-- Studies: which one is talked about, and what is wrong with it.
local client_of = require('atomizer.client')
local util = require('atomizer.util')

local M = {}

--- Shows a list to choose from; nothing happens when nothing is chosen.
---@param items any[]
---@param options table of `vim.ui.select`
---@param callback fun(item: any)
local function pick(items, options, callback)
  vim.ui.select(items, options, function(item)
    if item then
      callback(item)
    end
  end)
end

--- Chooses the study of the conversation in front; `none` clears it.
---@param id? string
function M.choose(id)
  local conversation = require('atomizer.chat').conversation()
  if not conversation then
    return
  end
  local function set(study_id)
    if not conversation.session_id then
      return conversation:choose_study(study_id)
    end
    client_of.with(conversation.root, function(client)
      if not client then
        return
      end
      local params = { sessionId = conversation.session_id, studyId = study_id or vim.NIL }
      client_of.request(client, 'session/setStudy', params, function(session, err)
        if not err then
          conversation:take(util.clean(session))
          conversation:choose_study(study_id)
        end
      end)
    end)
  end
  if id then
    return set(id ~= 'none' and id or nil)
  end
  client_of.ask('study/list', {}, function(studies)
    local items = util.clean(studies) ---@type table[]
    items[#items + 1] = { studyId = 'none', none = true }
    pick(items, {
      prompt = 'Study',
      kind = 'atomizer_study',
      format_item = function(study)
        if study.none then
          return 'none: the spec in front'
        end
        return ('%s  %s%s'):format(study.studyId, study.status or '', M.counts(study))
      end,
    }, function(study)
      set(not study.none and study.studyId or nil)
    end)
  end)
end

--- ` · 2 errors, 1 warning`, or nothing.
---@param counted { errors: integer, warnings: integer }
---@return string
function M.counts(counted)
  local parts = {} ---@type string[]
  if counted.errors > 0 then
    parts[#parts + 1] = ('%d %s'):format(
      counted.errors,
      counted.errors == 1 and 'error' or 'errors'
    )
  end
  if counted.warnings > 0 then
    parts[#parts + 1] = ('%d %s'):format(
      counted.warnings,
      counted.warnings == 1 and 'warning' or 'warnings'
    )
  end
  return #parts > 0 and (' · ' .. table.concat(parts, ', ')) or ''
end

---@type table<integer, string>
local severities = { 'E', 'W', 'I', 'N' }

---@param validation atomizer.Validation
---@param encoding string
---@return vim.quickfix.entry[]
local function quickfix_items(validation, encoding)
  local path = vim.uri_to_fname(validation.uri)
  local bufnr = vim.fn.bufadd(path)
  if not vim.api.nvim_buf_is_loaded(bufnr) then
    -- Columns are counted in the file's text.
    vim.fn.bufload(bufnr)
  end
  local items = {} ---@type vim.quickfix.entry[]
  for _, diagnostic in ipairs(validation.diagnostics) do
    local range = diagnostic.range
    local function column(position)
      local line = vim.api.nvim_buf_get_lines(bufnr, position.line, position.line + 1, false)[1]
        or ''
      return vim.str_byteindex(line, encoding, position.character, false) + 1
    end
    items[#items + 1] = {
      bufnr = bufnr,
      lnum = range.start.line + 1,
      col = column(range.start),
      end_lnum = range['end'].line + 1,
      end_col = column(range['end']),
      type = severities[diagnostic.severity or 1],
      text = diagnostic.code and ('%s [%s]'):format(diagnostic.message, diagnostic.code)
        or diagnostic.message,
    }
  end
  table.sort(items, function(a, b)
    if a.lnum ~= b.lnum then
      return a.lnum < b.lnum
    end
    return a.col < b.col
  end)
  return items
end

--- Validates a study (the spec in front otherwise): findings to the quickfix list, the first gate that is shut told.
---@param which? string|{ studyId?: string, textDocument?: { uri: string } }
function M.validate(which)
  local params ---@type table
  if type(which) == 'table' then
    params = which
  elseif which then
    params = { studyId = which }
  else
    local spec = client_of.spec_buffer(client_of.root())
    if not spec then
      vim.notify(
        'atomizer: open a spec, or name a study: :Atomizer validate <study>',
        vim.log.levels.WARN
      )
      return
    end
    params = { textDocument = { uri = vim.uri_from_bufnr(spec) } }
  end
  client_of.ask('study/validate', params, function(result, client)
    local validation = util.clean(result) --[[@as atomizer.Validation]]
    local title = 'Atomizer: '
      .. (params.studyId or vim.fn.fnamemodify(vim.uri_to_fname(validation.uri), ':.'))
    local items = quickfix_items(validation, client.offset_encoding)
    vim.fn.setqflist({}, ' ', { title = title, items = items })
    if #items > 0 then
      vim.cmd('botright copen')
      vim.cmd.wincmd('p')
    end
    local shut ---@type atomizer.Gate?
    for _, gate in ipairs(validation.gates or {}) do
      if not gate.passed then
        shut = gate
        break
      end
    end
    local text = shut
        and ('not ready: %s – %s'):format(shut.gate, table.concat(shut.reasons or {}, '; '))
      or 'ready to run'
    vim.notify(('%s: %s%s'):format(title, text, M.counts(validation)))
  end)
end

return M
