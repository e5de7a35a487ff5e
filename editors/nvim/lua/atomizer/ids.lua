-- The ids of a spec, read from its text so that a spec with mistakes has them too.
local client_of = require('atomizer.client')

local M = {}

---@class atomizer.Id
---@field id string
---@field name? string
---@field line integer 1-based
---@field column integer 0-based, of the id inside its quotes

--- Every `"id": "…"` of the lines, with the name that stands beside it.
---@param lines string[]
---@return atomizer.Id[]
function M.find(lines)
  local found = {} ---@type atomizer.Id[]
  for number, line in ipairs(lines) do
    local from = 1
    while true do
      local start, finish, id = line:find('"id"%s*:%s*"([%w_%-]+)"', from)
      if not start then
        break
      end
      found[#found + 1] = { id = id, line = number, column = finish - #id - 1 }
      from = finish + 1
      -- The name of the same entry: on this line behind the id, or a line or two below.
      for offset = 0, 2 do
        local text = offset == 0 and line:sub(from) or lines[number + offset] or ''
        local name = text:match('^[^{}]-"name"%s*:%s*"([^"]*)"')
        if name or text:find('[{}]') then
          found[#found].name = name
          break
        end
      end
    end
  end
  return found
end

--- Where `id` is defined in the lines.
---@param lines string[]
---@param id string
---@return atomizer.Id?
function M.position(lines, id)
  for _, entry in ipairs(M.find(lines)) do
    if entry.id == id then
      return entry
    end
  end
end

--- A window of this tab that may show a spec: one that shows it, else one that is not part of the chat.
---@param bufnr integer
---@return integer win
local function window_for(bufnr)
  local fallback ---@type integer?
  for _, win in ipairs(vim.api.nvim_tabpage_list_wins(0)) do
    if vim.api.nvim_win_get_buf(win) == bufnr then
      return win
    end
    local plain = vim.bo[vim.api.nvim_win_get_buf(win)].buftype == '' and not vim.wo[win].winfixbuf
    if plain and vim.api.nvim_win_get_config(win).relative == '' then
      fallback = fallback or win
    end
  end
  return fallback or vim.api.nvim_open_win(bufnr, false, { split = 'left', win = -1 })
end

---@param bufnr integer
---@param position { line: integer, column: integer }
function M.show(bufnr, position)
  local win = window_for(bufnr)
  vim.api.nvim_set_current_win(win)
  vim.cmd("normal! m'")
  if vim.api.nvim_win_get_buf(win) ~= bufnr then
    vim.bo[bufnr].buflisted = true
    vim.api.nvim_win_set_buf(win, bufnr)
  end
  vim.api.nvim_win_set_cursor(win, { position.line, position.column })
  vim.cmd('normal! zvzz')
end

--- The words of the WORD under the cursor that may be ids, the nearest to the cursor first.
---@param line string
---@param column integer 0-based
---@return string[]
function M.near(line, column)
  local found = {} ---@type { word: string, start: integer, distance: integer }[]
  for start, word, after in line:gmatch('()([%w_%-]+)()') do
    local first, last = math.min(start - 1, column), math.max(after - 2, column)
    if not line:sub(first + 1, last + 1):find('%s') then
      local distance = column < start - 1 and start - 1 - column or math.max(0, column - after + 2)
      found[#found + 1] = { word = word, start = start, distance = distance }
    end
  end
  table.sort(found, function(a, b)
    if a.distance ~= b.distance then
      return a.distance < b.distance
    end
    return a.start < b.start
  end)
  return vim.tbl_map(function(it)
    return it.word
  end, found)
end

--- Calls back with the buffer whose entries a conversation talks of: the spec in front, else that of its study.
---@param conversation atomizer.Conversation
---@param callback fun(bufnr: integer)
local function with_spec(conversation, callback)
  local bufnr = client_of.spec_buffer(conversation.root)
  if bufnr then
    return callback(bufnr)
  end
  local id = conversation.chosen_study or conversation.study_id
  local function none()
    vim.notify('atomizer: no spec of this root is open', vim.log.levels.WARN)
  end
  if not id then
    return none()
  end
  client_of.ask('study/list', {}, function(studies)
    for _, study in ipairs(studies) do
      if study.studyId == id then
        bufnr = vim.uri_to_bufnr(study.uri)
        vim.fn.bufload(bufnr)
        return callback(bufnr)
      end
    end
    none()
  end)
end

--- Jumps to the entry that one of the words names, in the spec that the conversation is about.
---@param conversation atomizer.Conversation
---@param words string[]
function M.go_to(conversation, words)
  with_spec(conversation, function(bufnr)
    local lines = vim.api.nvim_buf_get_lines(bufnr, 0, -1, false)
    for _, id in ipairs(words) do
      local position = M.position(lines, id)
      if position then
        return M.show(bufnr, position)
      end
    end
    vim.notify(
      ('atomizer: %s has no entry %s'):format(
        vim.fn.fnamemodify(vim.api.nvim_buf_get_name(bufnr), ':.'),
        words[1] or 'here'
      )
    )
  end)
end

return M
