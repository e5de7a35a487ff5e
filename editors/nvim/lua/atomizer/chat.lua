-- The chat's windows: the conversation above, the prompt below, one pair in a tab page.
local client_of = require('atomizer.client')
local config = require('atomizer.config')
local conversations = require('atomizer.conversation')
local prompt = require('atomizer.prompt')
local statusline = require('atomizer.statusline')
local transcript = require('atomizer.transcript')

local M = {}

---@class atomizer.View
---@field conversation atomizer.Conversation
---@field transcript_win integer
---@field prompt_win integer

---@type table<integer, atomizer.View> by tab page
local views = {}

---@param tab? integer
---@return atomizer.View?
function M.view(tab)
  tab = tab or vim.api.nvim_get_current_tabpage()
  local view = views[tab]
  if
    view
    and vim.api.nvim_win_is_valid(view.transcript_win)
    and vim.api.nvim_win_is_valid(view.prompt_win)
  then
    return view
  end
  views[tab] = nil
end

--- The conversation in front: of the chat in this tab, else the current one of the root.
---@return atomizer.Conversation?
function M.conversation()
  local view = M.view()
  if view then
    return view.conversation
  end
  local root = client_of.root()
  return root and conversations.current(root) or nil
end

--- A share of the screen, or a number of cells.
---@param size number
---@param whole integer
---@return integer
local function cells(size, whole)
  return math.max(1, math.min(whole, size < 1 and math.floor(size * whole) or math.floor(size)))
end

---@param win integer
local function dress(win)
  local options = {
    wrap = true,
    linebreak = true,
    number = false,
    relativenumber = false,
    signcolumn = 'no',
    foldcolumn = '0',
    list = false,
    spell = false,
    colorcolumn = '',
    statuscolumn = '',
    fillchars = 'fold: ,eob: ',
  }
  for name, value in pairs(options) do
    vim.api.nvim_set_option_value(name, value, { win = win, scope = 'local' })
  end
end

---@param win integer
local function dress_transcript(win)
  dress(win)
  local options = {
    foldmethod = 'manual',
    foldtext = "v:lua.require'atomizer.transcript'.foldtext()",
    foldlevel = 0,
    foldenable = true,
    conceallevel = 2,
    concealcursor = '',
    winbar = "%{%v:lua.require'atomizer.chat'.winbar()%}",
  }
  for name, value in pairs(options) do
    vim.api.nvim_set_option_value(name, value, { win = win, scope = 'local' })
  end
  transcript.fold(win)
  vim.api.nvim_win_set_cursor(
    win,
    { vim.api.nvim_buf_line_count(vim.api.nvim_win_get_buf(win)), 0 }
  )
end

--- The transcript's heading: what the conversation is about and what goes on.
---@return string
function M.winbar()
  local win = vim.api.nvim_get_current_win()
  for _, view in pairs(views) do
    if view.transcript_win == win then
      local it = view.conversation
      local parts =
        { 'Claude', it.chosen_study or it.study_id or vim.fs.basename(it.root), it.mode }
      local activity = statusline.activity(it)
      parts[#parts + 1] = activity ~= '' and activity or nil
      return (table.concat(parts, ' · '):gsub('%%', '%%%%'))
    end
  end
  return 'Claude'
end

--- Where the two floats stand on a screen of this size.
---@return vim.api.keyset.win_config transcript
---@return vim.api.keyset.win_config prompt
local function float_places()
  local options = config.current.chat
  local width = cells(math.max(options.width, options.width < 1 and 0.6 or 0), vim.o.columns - 4)
  local height = cells(options.height, vim.o.lines - 4)
  local row = math.floor((vim.o.lines - height) / 2) - 1
  local column = math.floor((vim.o.columns - width) / 2)
  local upper = math.max(1, height - options.prompt_height - 2)
  local function place(at, lines)
    return { relative = 'editor', row = at, col = column, width = width, height = lines }
  end
  return place(row, upper), place(row + upper + 2, options.prompt_height)
end

---@param conversation atomizer.Conversation
---@return integer transcript_win
---@return integer prompt_win
local function open_float(conversation)
  local above, below = float_places()
  local function float(bufnr, enter, place, title)
    local looks = { border = 'rounded', title = title, style = 'minimal', zindex = 40 }
    return vim.api.nvim_open_win(bufnr, enter, vim.tbl_extend('error', place, looks))
  end
  return float(transcript.buffer(conversation), false, above, ' Claude '),
    float(prompt.buffer(conversation), true, below, ' Message ')
end

vim.api.nvim_create_autocmd('VimResized', {
  group = vim.api.nvim_create_augroup('atomizer.chat', {}),
  callback = function()
    for tab in pairs(views) do
      local view = vim.api.nvim_tabpage_is_valid(tab) and M.view(tab)
      if view and vim.api.nvim_win_get_config(view.transcript_win).relative ~= '' then
        local above, below = float_places()
        vim.api.nvim_win_set_config(view.transcript_win, above)
        vim.api.nvim_win_set_config(view.prompt_win, below)
      end
    end
  end,
})

---@param conversation atomizer.Conversation
---@return integer transcript_win
---@return integer prompt_win
local function open_split(conversation)
  local options = config.current.chat
  local bufnr = transcript.buffer(conversation)
  local above ---@type integer
  if options.layout == 'tab' then
    vim.cmd.tabnew()
    vim.bo.bufhidden = 'wipe'
    above = vim.api.nvim_get_current_win()
    vim.api.nvim_win_set_buf(above, bufnr)
  else
    local across = options.position == 'left' or options.position == 'right'
    above = vim.api.nvim_open_win(bufnr, false, {
      split = options.position,
      win = -1,
      width = across and cells(options.width, vim.o.columns) or nil,
      height = not across and cells(options.height, vim.o.lines) or nil,
    })
  end
  local below = vim.api.nvim_open_win(prompt.buffer(conversation), true, {
    split = 'below',
    win = above,
    height = options.prompt_height,
  })
  vim.wo[below].winfixheight = true
  vim.wo[below].winfixbuf = true
  vim.wo[above].winfixbuf = true
  return above, below
end

--- Gives the last window of Neovim, which cannot be closed, something else to show.
---@param win integer
---@param root string
local function leave(win, root)
  vim.wo[win].winfixbuf = false
  local spec = client_of.spec_buffer(root) or vim.api.nvim_create_buf(true, false)
  vim.api.nvim_win_set_buf(win, spec)
end

--- One window of the pair closes the other.
---@param tab integer
local function close_together(tab)
  vim.api.nvim_create_autocmd('WinClosed', {
    group = vim.api.nvim_create_augroup('atomizer.chat.' .. tab, {}),
    callback = function(args)
      local view = views[tab]
      local closed = tonumber(args.match)
      if not view or (closed ~= view.transcript_win and closed ~= view.prompt_win) then
        return
      end
      views[tab] = nil
      vim.api.nvim_del_augroup_by_name('atomizer.chat.' .. tab)
      vim.schedule(function()
        for _, win in ipairs({ view.transcript_win, view.prompt_win }) do
          if vim.api.nvim_win_is_valid(win) and not pcall(vim.api.nvim_win_close, win, true) then
            leave(win, view.conversation.root)
          end
        end
      end)
    end,
  })
end

--- Shows a conversation in this tab page, in the windows that are there or in new ones.
---@param conversation? atomizer.Conversation the root's current one otherwise
---@return atomizer.View?
function M.open(conversation)
  if not conversation then
    local root = client_of.root()
    if not root then
      vim.notify(
        'atomizer: no folder with studies/ above this file or the working folder',
        vim.log.levels.WARN
      )
      return nil
    end
    conversation = conversations.current(root)
  end
  conversations.set_current(conversation)
  local view = M.view()
  if view then
    local shown = vim.api.nvim_win_get_buf(view.transcript_win)
    for win, bufnr in pairs({
      [view.transcript_win] = transcript.buffer(conversation),
      [view.prompt_win] = prompt.buffer(conversation),
    }) do
      if vim.api.nvim_win_get_buf(win) ~= bufnr then
        vim.wo[win].winfixbuf = false
        vim.api.nvim_win_set_buf(win, bufnr)
        vim.wo[win].winfixbuf = true
      end
    end
    if shown ~= transcript.buffer(conversation) then
      dress_transcript(view.transcript_win)
    end
    view.conversation = conversation
    vim.api.nvim_set_current_win(view.prompt_win)
  else
    local open = config.current.chat.layout == 'float' and open_float or open_split
    local above, below = open(conversation)
    local tab = vim.api.nvim_get_current_tabpage()
    view = { conversation = conversation, transcript_win = above, prompt_win = below }
    views[tab] = view
    dress(below)
    dress_transcript(above)
    close_together(tab)
  end
  require('atomizer.keys').map(transcript.buffer(conversation))
  if config.current.chat.start_insert then
    vim.cmd.startinsert({ bang = true })
  end
  return view
end

--- Closes the chat of this tab page; the conversation goes on.
function M.close()
  local view = M.view()
  if view then
    vim.cmd.stopinsert()
    pcall(vim.api.nvim_win_close, view.transcript_win, true)
  end
end

--- Opens the chat and says something, when there is something to say.
---@param message? string
---@param options? atomizer.SendOptions
function M.say(message, options)
  local root = client_of.root()
  local spec = root and client_of.spec_buffer(root) or nil
  local view = M.open(M.conversation())
  if view and message and message ~= '' then
    options = options or {}
    options.bufnr = options.bufnr or spec
    prompt.remember(message)
    view.conversation:send(message, options)
  end
end

--- Opens the chat with a message begun, about something, for the user to send.
---@param message? string
---@param options atomizer.SendOptions
function M.prepare(message, options)
  local view = M.open(M.conversation())
  if not view then
    return
  end
  local bufnr = vim.api.nvim_win_get_buf(view.prompt_win)
  if message then
    prompt.set_text(bufnr, message)
  end
  prompt.attach(bufnr, options)
end

--- What the headings and status lines show of each conversation, to draw them only when that changes.
---@type table<integer, string>
local shown = {}

table.insert(conversations.listeners, function(conversation)
  local now = statusline.activity(conversation)
    .. conversation.mode
    .. (conversation.chosen_study or conversation.study_id or '')
  if shown[conversation.id] ~= now then
    shown[conversation.id] = now
    vim.cmd.redrawstatus({ bang = true })
  end
end)

return M
