-- A turn as lines of markdown, and what each line is. Pure.
local M = {}

---@class atomizer.LineMeta
---@field kind 'you'|'message'|'claude'|'queued'|'usage'|'blank'|atomizer.BlockKind
---@field fold? 'start'|'inside'
---@field hl? string highlight group of the whole line
---@field hint? string shown at the line's end
---@field block? atomizer.Block
---@field turn atomizer.Turn

---@class atomizer.RenderContext
---@field root? string paths below it are shown relative to it
---@field is_open? fun(uri: string): boolean a buffer holds it
---@field fold? boolean

local applied_words = {
  edit = 'shown in the buffer',
  disk = 'on disk (not open here)',
  inSync = 'the buffer has it already',
  conflict = 'merged, but for what you changed too: your values stand',
  rejected = 'on disk only: the buffer did not take it',
  invalid = 'no valid JSON on disk: not merged',
}

local ended_words = {
  cancelled = 'Stopped',
  timedOut = 'Out of time',
  failed = 'Failed',
  interrupted = 'Cut off: the server ended while this was written',
}

---@param text string
---@return string[]
local function split(text)
  return vim.split(text, '\r?\n')
end

---@param path string
---@param context atomizer.RenderContext
---@return string
local function short(path, context)
  return context.root and vim.fs.relpath(context.root, path) or path
end

--- Lines inside a fence that nothing in them can close.
---@param lines string[]
---@param language string
---@return string[]
local function fenced(lines, language)
  local longest = 2
  for _, line in ipairs(lines) do
    longest = math.max(longest, #(line:match('^%s*(`+)') or ''))
  end
  local fence = ('`'):rep(longest + 1)
  local all = { fence .. language }
  vim.list_extend(all, lines)
  all[#all + 1] = fence
  return all
end

---@param prefix string
---@param text any
---@return string[]
local function prefixed(prefix, text)
  return vim.tbl_map(function(line)
    return prefix .. line
  end, split(tostring(text)))
end

--- What a tool works on, in a few words.
---@param name string
---@param input table
---@param context? atomizer.RenderContext
---@return string
function M.tool_subject(name, input, context)
  input = type(input) == 'table' and input or {}
  local path = input.file_path or input.path or input.notebook_path
  local subject = type(path) == 'string' and short(path, context or {})
    or input.command
    or input.pattern
    or input.url
    or input.query
    or input.description
  subject = type(subject) == 'string' and split(subject)[1] or ''
  return subject == '' and name or ('%s %s'):format(name, subject)
end

--- What a tool is about to do, or did, in full.
---@param input table
---@return string[]
function M.tool_detail(input)
  if type(input) ~= 'table' or next(input) == nil then
    return {}
  end
  if type(input.old_string) == 'string' and type(input.new_string) == 'string' then
    local lines = prefixed('-', input.old_string)
    vim.list_extend(lines, prefixed('+', input.new_string))
    return fenced(lines, 'diff')
  elseif type(input.content) == 'string' and input.file_path then
    return fenced(split(input.content), vim.fn.fnamemodify(input.file_path, ':e'))
  elseif type(input.command) == 'string' then
    return fenced(split(input.command), 'sh')
  end
  local lines = {} ---@type string[]
  for key, value in vim.spairs(input) do
    local text = type(value) == 'string' and value or vim.json.encode(value)
    vim.list_extend(lines, prefixed('', ('%s: %s'):format(key, text)))
  end
  return fenced(lines, '')
end

---@param tool atomizer.ToolCall
---@param context atomizer.RenderContext
---@return string[]
local function tool_lines(tool, context)
  local mark = tool.isError == nil and '…' or tool.isError and '✗' or '✓'
  local lines = { ('%s %s'):format(mark, M.tool_subject(tool.name, tool.input, context)) }
  vim.list_extend(lines, M.tool_detail(tool.input))
  if tool.summary and tool.summary ~= '' then
    vim.list_extend(lines, prefixed('> ', tool.summary))
  end
  return lines
end

--- The study or file of a change.
---@param update atomizer.SpecUpdate
---@param context atomizer.RenderContext
---@return string
local function update_name(update, context)
  return update.studyId or short(vim.uri_to_fname(update.uri), context)
end

--- How a change reached the editor. One that Neovim itself read from disk left the server without an open document.
---@param update atomizer.SpecUpdate
---@param context atomizer.RenderContext
---@return string
local function applied_text(update, context)
  if update.applied == 'disk' and context.is_open and context.is_open(update.uri) then
    return 'on disk; the buffer was read anew meanwhile'
  end
  return applied_words[update.applied] or update.applied
end

---@param modification table
---@return string
function M.modification_text(modification)
  local inner = modification.modification or modification
  local words = { tostring(inner.action or 'change') }
  for _, key in ipairs({ 'nodeType', 'nodeId', 'source', 'target' }) do
    if type(inner[key]) == 'string' then
      words[#words + 1] = inner[key]
    end
  end
  local name = vim.tbl_get(inner, 'data', 'name') or vim.tbl_get(inner, 'data', 'label')
  if type(name) == 'string' then
    words[#words + 1] = ('"%s"'):format(name)
  end
  return table.concat(words, ' ')
end

---@type table<atomizer.BlockKind, fun(block: atomizer.Block, context: atomizer.RenderContext): string[]>
local block_lines = {
  text = function(block)
    return split(block.text)
  end,
  thinking = function(block)
    local lines = { '… Thinking' }
    return vim.list_extend(lines, prefixed('> ', block.text))
  end,
  tool = function(block, context)
    return tool_lines(block.tool, context)
  end,
  permission = function(block)
    local it = block.permission --[[@as table]]
    local words = { asked = '? Asks for', allowed = '✓ Allowed:', denied = '✗ Denied:' }
    local reason = it.reason and it.reason ~= '' and (' (%s)'):format(it.reason) or ''
    return split(('%s %s%s'):format(words[it.decision] or it.decision, it.toolName, reason))
  end,
  retry = function(block)
    return split('! ' .. block.text)
  end,
  change = function(block, context)
    local update = block.update --[[@as atomizer.SpecUpdate]]
    local what = update.hashAfter and 'the spec changed' or 'the spec was removed'
    return {
      ('● %s: %s, %s'):format(update_name(update, context), what, applied_text(update, context)),
    }
  end,
  canvas = function(block)
    local outcome = block.outcome and (' (%s)'):format(block.outcome) or ''
    return split('◇ Proposes: ' .. M.modification_text(block.modification) .. outcome)
  end,
  error = function(block)
    return split('✗ ' .. block.text)
  end,
  note = function(block)
    return split(block.text)
  end,
}

local block_highlights = {
  thinking = 'AtomizerThinking',
  tool = 'AtomizerTool',
  permission = 'AtomizerPermission',
  retry = 'AtomizerWarning',
  change = 'AtomizerChange',
  canvas = 'AtomizerChange',
  error = 'AtomizerError',
  note = 'AtomizerNote',
}

local block_hints = { change = 'D diff  R revert', canvas = 'A apply' }

---@param number integer
---@return string
local function thousands(number)
  local text = ('%d'):format(number)
  local grouped = text:reverse():gsub('(%d%d%d)', '%1,'):reverse()
  return (grouped:gsub('^,', ''))
end

--- `1,234 in, 56 out · $0.0123 · 4.2 s`
---@param usage atomizer.Usage
---@return string
function M.usage_text(usage)
  local parts =
    { ('%s in, %s out'):format(thousands(usage.inputTokens), thousands(usage.outputTokens)) }
  if usage.costUsd then
    parts[#parts + 1] = ('$%.4f'):format(usage.costUsd)
  end
  if usage.durationMs then
    parts[#parts + 1] = ('%.1f s'):format(usage.durationMs / 1000)
  end
  return table.concat(parts, ' · ')
end

--- A time of the server (RFC 3339, UTC) on the user's clock, with the day where that is not today.
---@param time string?
---@return string?
local function clock(time)
  local year, month, day, hour, minute = (time or ''):match('^(%d+)%-(%d+)%-(%d+)T(%d+):(%d+)')
  if not year then
    return nil
  end
  local now = os.time()
  local offset = os.difftime(now, os.time(os.date('!*t', now) --[[@as std.osdateparam]]))
  local at = os.time({ year = year, month = month, day = day, hour = hour, min = minute }) + offset
  local today = os.date('%Y-%m-%d', now) == os.date('%Y-%m-%d', at)
  return os.date(today and '%H:%M' or '%Y-%m-%d %H:%M', at) --[[@as string]]
end

---@param turn atomizer.Turn
---@return string?
local function footer(turn)
  local parts = { ended_words[turn.status] }
  if turn.usage then
    parts[#parts + 1] = M.usage_text(turn.usage)
  end
  return #parts > 0 and table.concat(parts, ' · ') or nil
end

---@param turn atomizer.Turn
---@param context atomizer.RenderContext
---@return string[] lines
---@return atomizer.LineMeta[] metas
function M.turn(turn, context)
  local lines, metas = {}, {} ---@type string[], atomizer.LineMeta[]
  local function put(line, meta)
    lines[#lines + 1] = line
    meta.turn = turn
    metas[#metas + 1] = meta
  end
  local function gap()
    if lines[#lines] ~= '' then
      put('', { kind = 'blank' })
    end
  end

  put('## You', { kind = 'you', hl = 'AtomizerUser', hint = clock(turn.time) })
  gap()
  for _, line in ipairs(split(turn.message)) do
    put(line, { kind = 'message' })
  end
  gap()
  put('## Claude', { kind = 'claude', hl = 'AtomizerAssistant' })
  gap()
  local before ---@type string?
  for _, block in ipairs(turn.blocks) do
    block.lines = block.lines or block_lines[block.kind](block, context)
    if block.kind == 'text' or before == 'text' then
      gap()
    end
    before = block.kind
    local folds = context.fold ~= false
      and (block.kind == 'tool' or block.kind == 'thinking')
      and #block.lines > 1
    for i, line in ipairs(block.lines) do
      local first = i == 1
      put(line, {
        kind = block.kind,
        block = block,
        hl = (first or block.kind ~= 'tool') and block_highlights[block.kind] or nil,
        hint = first and not block.applied and block_hints[block.kind] or nil,
        fold = folds and (first and 'start' or 'inside') or nil,
      })
    end
  end
  if turn.status == 'queued' then
    put(
      ('Waiting for %d other %s'):format(
        turn.position or 1,
        turn.position == 1 and 'turn' or 'turns'
      ),
      {
        kind = 'queued',
        hl = 'AtomizerNote',
      }
    )
  end
  local last = footer(turn)
  if last then
    gap()
    put(last, { kind = 'usage', hl = 'AtomizerUsage' })
  end
  gap()
  return lines, metas
end

return M
