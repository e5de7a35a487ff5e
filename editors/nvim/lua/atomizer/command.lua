-- `:Atomizer <subcommand>`, its completion, and the same commands after a `/` in the prompt.
local M = {}

---@class atomizer.Subcommand
---@field about string
---@field run fun(arguments: string, command?: vim.api.keyset.create_user_command.command_args)
---@field complete? fun(lead: string): string[]
---@field slash? boolean also `/name` in the prompt

---@param module string
local function part(module)
  return require('atomizer.' .. module)
end

--- The argument, or nil where there is none.
---@param text string
---@return string?
local function given(text)
  return text ~= '' and text or nil
end

--- What a command line's range selects in the current buffer: the characters of the last Visual selection when the
--- range is its lines, else whole lines; without a range the cursor's line.
---@param command vim.api.keyset.create_user_command.command_args
---@return lsp.Range?
local function selection(command)
  local bufnr = vim.api.nvim_get_current_buf()
  local client = vim.lsp.get_clients({ name = part('lsp').name, bufnr = bufnr })[1]
  if not client then
    return nil
  end
  local from, to = vim.api.nvim_buf_get_mark(bufnr, '<'), vim.api.nvim_buf_get_mark(bufnr, '>')
  local visual = command.range > 0
    and from[1] == command.line1
    and to[1] == command.line2
    and vim.fn.visualmode() == 'v'
  if not visual then
    local last = vim.api.nvim_buf_get_lines(bufnr, command.line2 - 1, command.line2, false)[1] or ''
    from, to = { command.line1, 0 }, { command.line2, math.max(0, #last - 1) }
  end
  return vim.lsp.util.make_given_range_params(from, to, bufnr, client.offset_encoding).range
end

--- The turn that a change is asked about: under the cursor in the chat, else the last of the conversation in front.
---@param callback fun(root: string, turn_id: string)
local function with_turn(callback)
  local conversation = part('chat').conversation()
  local meta =
    part('transcript').line(vim.api.nvim_get_current_buf(), vim.api.nvim_win_get_cursor(0)[1])
  local turn = meta and meta.turn or conversation and conversation.turns[#conversation.turns]
  if conversation and turn and turn.turn_id then
    callback(conversation.root, turn.turn_id)
  else
    vim.notify('atomizer: there is no turn yet')
  end
end

---@param id string
local function set_mode(id)
  local conversation = part('chat').conversation()
  if not conversation then
    return
  end
  local function set(mode)
    if mode ~= 'user' and mode ~= 'power' then
      vim.notify(
        ('atomizer: mode "%s" is not one of user, power'):format(mode),
        vim.log.levels.WARN
      )
      return
    elseif not conversation.session_id then
      conversation.mode = mode
      return conversation:changed('heading')
    end
    local client_of = part('client')
    client_of.with(conversation.root, function(client)
      if client then
        local params = { sessionId = conversation.session_id, mode = mode }
        client_of.request(client, 'session/setMode', params, function(session, err)
          if not err then
            conversation:take(part('util').clean(session))
          end
        end)
      end
    end)
  end
  if id ~= '' then
    return set(id)
  end
  vim.ui.select({ 'user', 'power' }, {
    prompt = 'Mode',
    kind = 'atomizer_mode',
    format_item = function(mode)
      return mode == 'user' and 'user: asks before it changes anything'
        or 'power: edits inside the root unasked'
    end,
  }, function(mode)
    if mode then
      set(mode)
    end
  end)
end

---@param lead string
---@return string[]
local function study_ids(lead)
  local client_of = part('client')
  local root = client_of.root()
  local client = root and client_of.running(root)
  local answer = client and client:request_sync('atomizer/study/list', vim.empty_dict(), 300)
  local found = {} ---@type string[]
  for _, study in ipairs(answer and answer.result or {}) do
    if vim.startswith(study.studyId, lead) then
      found[#found + 1] = study.studyId
    end
  end
  return found
end

---@type table<string, atomizer.Subcommand>
M.subcommands = {
  chat = {
    about = 'Open the chat, and say something',
    run = function(text)
      part('chat').say(given(text))
    end,
  },
  ask = {
    about = 'Ask about the selection or the line',
    run = function(text, command)
      local bufnr = vim.api.nvim_get_current_buf()
      local options = { bufnr = part('lsp').is_spec(bufnr) and bufnr or nil }
      options.selection = command and selection(command) or nil
      if text ~= '' then
        part('chat').say(text, options)
      else
        part('chat').prepare(nil, options)
      end
    end,
  },
  new = {
    about = 'Begin a new conversation',
    slash = true,
    run = function(text)
      local root = part('client').root()
      if not root then
        vim.notify(
          'atomizer: no folder with studies/ above this file or the working folder',
          vim.log.levels.WARN
        )
        return
      end
      part('chat').open(part('conversation').new(root))
      if text ~= '' then
        part('chat').say(text)
      end
    end,
  },
  sessions = {
    about = 'Pick a stored conversation',
    slash = true,
    run = function(text)
      part('sessions').pick(given(text))
    end,
  },
  stop = {
    about = 'Stop Claude',
    slash = true,
    run = function()
      local conversation = part('chat').conversation()
      if not (conversation and conversation:stop()) then
        vim.notify('atomizer: Claude is not at work here')
      end
    end,
  },
  mode = {
    about = 'What Claude may do unasked: user or power',
    slash = true,
    run = set_mode,
    complete = function()
      return { 'user', 'power' }
    end,
  },
  study = {
    about = 'Choose the study that the conversation is about',
    slash = true,
    run = function(text)
      part('study').choose(given(text))
    end,
    complete = function(lead)
      return vim.list_extend(study_ids(lead), { 'none' })
    end,
  },
  validate = {
    about = "A study's problems to the quickfix list",
    slash = true,
    run = function(text)
      part('study').validate(given(text))
    end,
    complete = study_ids,
  },
  diff = {
    about = 'Show what a turn changed',
    slash = true,
    run = function()
      with_turn(part('changes').diff)
    end,
  },
  revert = {
    about = 'Take back what a turn changed',
    slash = true,
    run = function()
      with_turn(part('changes').revert)
    end,
  },
  history = {
    about = 'The whole stored conversation',
    slash = true,
    run = function()
      part('sessions').history()
    end,
  },
  usage = {
    about = 'Tokens and cost of the conversation',
    slash = true,
    run = function()
      part('sessions').usage()
    end,
  },
  export = {
    about = 'Write the conversation as Markdown',
    slash = true,
    run = function(text)
      part('sessions').export(given(text))
    end,
    complete = function(lead)
      return vim.fn.getcompletion(lead, 'file')
    end,
  },
  health = {
    about = 'Check the installation',
    slash = true,
    run = function()
      vim.cmd.checkhealth('atomizer')
    end,
  },
}

--- `/name` → what it does, for completion in the prompt.
---@return table<string, string>
function M.slashes()
  local found = { help = 'The manual', summary = "The study's variables, objectives and problems" }
  for name, subcommand in pairs(M.subcommands) do
    if subcommand.slash then
      found[name] = subcommand.about
    end
  end
  return found
end

--- Runs a message that is one of our slash commands; any other is for the server, and for Claude behind it.
---@param text string
---@return boolean ran
function M.slash(text)
  local name, rest = text:match('^/(%l+)%s*(.-)%s*$')
  if name == 'help' then
    vim.cmd.help('atomizer')
    return true
  end
  local subcommand = name and M.subcommands[name]
  if not subcommand or not subcommand.slash then
    return false
  end
  subcommand.run(rest)
  return true
end

---@param command vim.api.keyset.create_user_command.command_args
function M.run(command)
  local name, rest = command.args:match('^(%S*)%s*(.-)%s*$')
  if name == '' then
    name = command.range > 0 and 'ask' or 'chat'
  end
  local subcommand = M.subcommands[name]
  if not subcommand then
    local known = vim.tbl_keys(M.subcommands)
    table.sort(known)
    vim.notify(
      ('atomizer: unknown subcommand "%s"; there are: %s'):format(name, table.concat(known, ', ')),
      vim.log.levels.ERROR
    )
    return
  end
  subcommand.run(rest, command)
end

---@param lead string
---@param line string
---@return string[]
function M.complete(lead, line)
  local name, rest = line:match('Atomizer!?%s+(%S+)%s+(.*)$')
  if not name then
    local found = vim.tbl_filter(function(it)
      return vim.startswith(it, lead)
    end, vim.tbl_keys(M.subcommands))
    table.sort(found)
    return found
  end
  local subcommand = M.subcommands[name]
  if not subcommand or not subcommand.complete or rest:find('%s') then
    return {}
  end
  return vim.tbl_filter(function(it)
    return vim.startswith(it, lead)
  end, subcommand.complete(lead))
end

return M
