-- The stored conversations: picked, shown again, exported.
local chat = require('atomizer.chat')
local client_of = require('atomizer.client')
local conversations = require('atomizer.conversation')
local render = require('atomizer.render')
local turns = require('atomizer.turn')
local util = require('atomizer.util')

local M = {}

--- How many messages one request gives.
local PAGE = 100

---@param session atomizer.SessionInfo
---@return string
local function describe(session)
  local title = session.title ~= '' and session.title or '(no message yet)'
  local parts = { (title:gsub('%s+', ' ')) }
  parts[#parts + 1] = session.studyId
  parts[#parts + 1] = session.lastActive:sub(1, 16):gsub('T', ' ') .. ' UTC'
  if session.busy then
    parts[#parts + 1] = 'at work'
  end
  return table.concat(parts, ' · ')
end

--- All stored messages of a session, oldest first, page by page.
---@param client vim.lsp.Client
---@param session_id string
---@param limit? integer the newest so many; all otherwise
---@param callback fun(messages: atomizer.Message[])
local function messages_of(client, session_id, limit, callback)
  local all = {} ---@type atomizer.Message[]
  local function page(before)
    local params = { sessionId = session_id, limit = PAGE, before = before }
    client_of.request(client, 'session/history', params, function(result, err)
      if err then
        return
      end
      local messages = util.clean(result)
      local count, oldest = #messages, messages[1] and messages[1].id
      all = vim.list_extend(messages, all)
      if count < PAGE or (limit and #all >= limit) then
        return callback(all)
      end
      page(oldest)
    end)
  end
  page(nil)
end

---@param root string
---@param session atomizer.SessionInfo
---@param limit? integer
local function show(root, session, limit)
  local known = conversations.of_session(root, session.sessionId)
  if known and known.running then
    chat.open(known)
    return
  end
  client_of.with(root, function(client)
    if not client then
      return
    end
    messages_of(client, session.sessionId, limit, function(messages)
      local conversation = known or conversations.new(root)
      conversation:load(session, messages)
      chat.open(conversation)
    end)
  end)
end

--- Lets the user pick a conversation of the root and shows it; `id` needs no picking.
---@param id? string
function M.pick(id)
  client_of.ask('session/list', {}, function(result, client)
    local sessions = util.clean(result) ---@type atomizer.SessionInfo[]
    local root = client.root_dir --[[@as string]]
    for _, session in ipairs(sessions) do
      if session.sessionId == id then
        return show(root, session, PAGE)
      end
    end
    if id then
      vim.notify(
        ('atomizer: no conversation %s is stored for %s'):format(id, root),
        vim.log.levels.WARN
      )
    elseif #sessions == 0 then
      vim.notify('atomizer: no conversation yet; :Atomizer chat begins one')
    else
      vim.ui.select(
        sessions,
        { prompt = 'Conversation', kind = 'atomizer_session', format_item = describe },
        function(session)
          if session then
            show(root, session, PAGE)
          end
        end
      )
    end
  end)
end

--- The whole of the conversation in front, from the store.
function M.history()
  local conversation = chat.conversation()
  if not conversation then
    return
  elseif not conversation.session_id then
    vim.notify('atomizer: nothing was said yet')
    return
  end
  client_of.ask('session/info', { sessionId = conversation.session_id }, function(session)
    show(conversation.root, util.clean(session), nil)
  end)
end

---@param conversation atomizer.Conversation
---@param all atomizer.Turn[]
---@return string[]
local function markdown(conversation, all)
  local lines = { '# ' .. (conversation.title ~= '' and conversation.title or 'Conversation'), '' }
  for _, turn in ipairs(all) do
    vim.list_extend(lines, (render.turn(turn, { root = conversation.root })))
  end
  while lines[#lines] == '' do
    lines[#lines] = nil
  end
  return lines
end

--- Writes the conversation in front as Markdown; asks where, when no file is named.
---@param path? string
function M.export(path)
  local conversation = chat.conversation()
  if not conversation then
    return
  elseif not conversation.session_id then
    vim.notify('atomizer: nothing was said yet')
    return
  end
  local function write(file, all)
    file = vim.fs.normalize(vim.fn.fnamemodify(file, ':p'))
    if
      vim.uv.fs_stat(file)
      and vim.fn.confirm(('Overwrite %s?'):format(file), '&Overwrite\n&Cancel', 2) ~= 1
    then
      return
    end
    local written = pcall(vim.fn.writefile, markdown(conversation, all), file)
    vim.notify(
      written and ('atomizer: written to ' .. file) or ('atomizer: cannot write ' .. file),
      written and vim.log.levels.INFO or vim.log.levels.ERROR
    )
  end
  local function stored(callback)
    client_of.ask('session/info', { sessionId = conversation.session_id }, function(_, client)
      messages_of(client, conversation.session_id, nil, function(messages)
        callback(turns.from_messages(messages))
      end)
    end)
  end
  if path then
    return stored(function(all)
      write(path, all)
    end)
  end
  vim.ui.input({
    prompt = 'Export to: ',
    default = ('conversation-%s.md'):format(conversation.session_id),
    completion = 'file',
  }, function(file)
    if file and file ~= '' then
      stored(function(all)
        write(file, all)
      end)
    end
  end)
end

--- Tokens and cost of the conversation in front: the server knows all of its turns, and answers in the chat.
function M.usage()
  local conversation = chat.conversation()
  if not conversation then
    return
  elseif not conversation.session_id then
    vim.notify('atomizer: nothing was said yet')
    return
  end
  chat.open(conversation)
  conversation:send('/usage')
end

return M
