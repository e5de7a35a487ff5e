-- Where the message is written: one buffer for each conversation, so that a draft stays with it.
local M = {}

local namespace = vim.api.nvim_create_namespace('atomizer.prompt')

---@class atomizer.Prompt
---@field conversation atomizer.Conversation
---@field recalled? integer place in the history that is shown
---@field draft? string[] what was written before the history was looked at
---@field about? atomizer.SendOptions what the next message is about

---@type table<integer, atomizer.Prompt> by buffer
local prompts = {}
---@type table<integer, integer> buffer by conversation
local buffers = {}
--- What was sent, oldest first, from all conversations.
---@type string[]
M.history = {}

--- What the message is about and, while it is empty, what to do here.
---@param bufnr integer
local function show_placeholder(bufnr)
  vim.api.nvim_buf_clear_namespace(bufnr, namespace, 0, -1)
  local lines = vim.api.nvim_buf_get_lines(bufnr, 0, 2, false)
  if #lines == 1 and lines[1] == '' then
    vim.api.nvim_buf_set_extmark(bufnr, namespace, 0, 0, {
      virt_text = { { 'Message Claude', 'AtomizerHint' } },
      virt_text_pos = 'overlay',
    })
  end
  local about = prompts[bufnr].about
  if about and about.selection then
    local from, to = about.selection.start.line + 1, about.selection['end'].line + 1
    local words = from == to and ('about line %d'):format(from)
      or ('about lines %d–%d'):format(from, to)
    vim.api.nvim_buf_set_extmark(bufnr, namespace, 0, 0, {
      virt_text = { { words, 'AtomizerHint' } },
      virt_text_pos = 'right_align',
    })
  end
end

--- What the next message is about, until it is sent.
---@param bufnr integer
---@param about atomizer.SendOptions
function M.attach(bufnr, about)
  prompts[bufnr].about = about
  show_placeholder(bufnr)
end

---@param bufnr integer
---@param text string
function M.set_text(bufnr, text)
  local lines = vim.split(text, '\n', { plain = true })
  vim.api.nvim_buf_set_lines(bufnr, 0, -1, false, lines)
  show_placeholder(bufnr)
  for _, win in ipairs(vim.fn.win_findbuf(bufnr)) do
    vim.api.nvim_win_set_cursor(win, { #lines, #lines[#lines] })
  end
end

---@param bufnr integer
---@return string
function M.text(bufnr)
  return table.concat(vim.api.nvim_buf_get_lines(bufnr, 0, -1, false), '\n')
end

--- Shows an older (-1) or newer (1) message; beyond the newest the draft again.
---@param bufnr integer
---@param step -1|1
function M.recall(bufnr, step)
  local prompt = prompts[bufnr]
  local count = #M.history
  local at = (prompt.recalled or count + 1) + step
  if at < 1 or at > count + 1 then
    return
  end
  if not prompt.recalled then
    prompt.draft = vim.api.nvim_buf_get_lines(bufnr, 0, -1, false)
  end
  prompt.recalled = at <= count and at or nil
  M.set_text(bufnr, prompt.recalled and M.history[at] or table.concat(prompt.draft or {}, '\n'))
end

---@param text string
function M.remember(text)
  if M.history[#M.history] ~= text then
    table.insert(M.history, text)
  end
end

--- Sends what is written; it stays when it cannot be sent.
---@param bufnr integer
function M.submit(bufnr)
  local text = vim.trim(M.text(bufnr))
  if text == '' then
    return
  end
  local prompt = prompts[bufnr]
  if not require('atomizer.command').slash(text) then
    if not prompt.conversation:send(text, prompt.about) then
      return
    end
    prompt.about = nil
  end
  M.remember(text)
  prompt.recalled, prompt.draft = nil, nil
  M.set_text(bufnr, '')
end

--- Up in the first line and Down in the last look into the history; elsewhere they move.
---@param key '<Up>'|'<Down>'
---@param step -1|1
---@return fun(): string
local function history_key(key, step)
  return function()
    local bufnr = vim.api.nvim_get_current_buf()
    local row = vim.api.nvim_win_get_cursor(0)[1]
    local edge = step < 0 and 1 or vim.api.nvim_buf_line_count(bufnr)
    if vim.fn.pumvisible() == 1 or row ~= edge then
      return key
    end
    vim.schedule(function()
      M.recall(bufnr, step)
    end)
    return ''
  end
end

---@param bufnr integer
local function map(bufnr)
  local function key(modes, lhs, action, description, expr)
    vim.keymap.set(
      modes,
      lhs,
      action,
      { buffer = bufnr, desc = description, expr = expr, nowait = true }
    )
  end
  key('n', '<CR>', function()
    M.submit(bufnr)
  end, 'Send')
  key('i', '<CR>', function()
    if vim.fn.pumvisible() == 1 and vim.fn.complete_info({ 'selected' }).selected >= 0 then
      return '<C-y>'
    end
    vim.schedule(function()
      M.submit(bufnr)
    end)
    return vim.fn.pumvisible() == 1 and '<C-e>' or ''
  end, 'Send', true)
  for _, lhs in ipairs({ '<S-CR>', '<C-j>', '<M-CR>' }) do
    key('i', lhs, function()
      local row, column = unpack(vim.api.nvim_win_get_cursor(0))
      vim.api.nvim_buf_set_text(bufnr, row - 1, column, row - 1, column, { '', '' })
      vim.api.nvim_win_set_cursor(0, { row + 1, 0 })
    end, 'Another line')
  end
  key({ 'n', 'i' }, '<C-c>', function()
    if not prompts[bufnr].conversation:stop() then
      vim.cmd.stopinsert()
    end
  end, 'Stop Claude')
  key({ 'n', 'i' }, '<Up>', history_key('<Up>', -1), 'The message before', true)
  key({ 'n', 'i' }, '<Down>', history_key('<Down>', 1), 'The message after', true)
  key('n', 'q', function()
    require('atomizer.chat').close()
  end, 'Close the chat')
end

--- The prompt of a conversation, made when first asked for.
---@param conversation atomizer.Conversation
---@return integer bufnr
function M.buffer(conversation)
  local known = buffers[conversation.id]
  if known and vim.api.nvim_buf_is_loaded(known) then
    return known
  end
  local bufnr = vim.api.nvim_create_buf(false, true)
  vim.api.nvim_buf_set_name(bufnr, ('atomizer://prompt/%d'):format(conversation.id))
  prompts[bufnr], buffers[conversation.id] = { conversation = conversation }, bufnr
  vim.b[bufnr].atomizer_root = conversation.root
  vim.bo[bufnr].bufhidden = 'hide'
  vim.bo[bufnr].swapfile = false
  vim.bo[bufnr].filetype = 'atomizer_prompt'
  vim.bo[bufnr].omnifunc = "v:lua.require'atomizer.complete'.omnifunc"
  map(bufnr)
  show_placeholder(bufnr)
  vim.api.nvim_create_autocmd({ 'TextChanged', 'TextChangedI', 'TextChangedP' }, {
    buffer = bufnr,
    callback = function()
      show_placeholder(bufnr)
    end,
  })
  return bufnr
end

---@param bufnr integer
---@return atomizer.Conversation?
function M.conversation(bufnr)
  return prompts[bufnr] and prompts[bufnr].conversation
end

return M
