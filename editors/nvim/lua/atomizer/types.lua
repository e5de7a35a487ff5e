---@meta
-- The wire contract's types (docs/protocol.md), for the language server of Lua. Never loaded.

---@alias atomizer.Mode 'user'|'power'
---@alias atomizer.Status 'running'|'completed'|'cancelled'|'timedOut'|'failed'|'interrupted'
---@alias atomizer.Applied 'edit'|'disk'|'inSync'|'conflict'|'rejected'|'invalid'

---@class atomizer.SessionInfo
---@field sessionId string
---@field mode atomizer.Mode
---@field studyId? string
---@field title string
---@field createdAt string RFC 3339, UTC
---@field lastActive string RFC 3339, UTC
---@field messageCount integer
---@field busy boolean
---@field live boolean in memory, not only in the store

---@class atomizer.Message
---@field id integer
---@field role 'user'|'assistant'
---@field content string
---@field toolCalls atomizer.ToolCall[]
---@field createdAt string
---@field turnId? string
---@field status atomizer.Status

---@class atomizer.ToolCall
---@field id string
---@field name string
---@field input table
---@field isError? boolean nil until the result is there
---@field summary? string

---@class atomizer.Usage
---@field inputTokens integer
---@field outputTokens integer
---@field costUsd? number
---@field durationMs integer
---@field contextTokens? integer
---@field contextWindow? integer

---@class atomizer.TurnError
---@field kind string
---@field message string

---@class atomizer.SpecUpdate
---@field uri string
---@field studyId? string
---@field hashBefore? string MD5 of the file, hexadecimal; absent: there was no file
---@field hashAfter? string absent: the file is gone
---@field valid boolean it is JSON
---@field spec? table the whole new document
---@field applied atomizer.Applied

---@class atomizer.CanvasApplied
---@field applied integer how many
---@field skipped { index: integer, reason: string }[] the others; counts from 0

---@class atomizer.TurnResult
---@field sessionId string
---@field turnId string
---@field status atomizer.Status
---@field text string
---@field toolCalls atomizer.ToolCall[]
---@field canvasModifications table[]
---@field canvasApplied? atomizer.CanvasApplied what came of them where they were applied without asking
---@field specUpdates atomizer.SpecUpdate[]
---@field usage? atomizer.Usage
---@field error? atomizer.TurnError

--- One event of a running turn; `type` says which of the fields are there.
---@class atomizer.Event
---@field type string
---@field sessionId? string
---@field turnId? string
---@field position? integer
---@field delta? string
---@field parts? string[] deltas that came after it, until they are shown (not on the wire)
---@field text? string
---@field id? string
---@field name? string
---@field input? table
---@field isError? boolean
---@field summary? string
---@field requestId? string
---@field toolName? string
---@field decision? 'asked'|'allowed'|'denied'
---@field reason? string
---@field attempt? integer
---@field maxAttempts? integer
---@field delayMs? integer
---@field message? string
---@field modification? table
---@field error? atomizer.TurnError

---@class atomizer.PermissionParams
---@field sessionId string
---@field turnId string
---@field requestId string
---@field toolName string
---@field input table
---@field description? string

---@class atomizer.PermissionAnswer
---@field behavior 'allow'|'deny'
---@field scope? 'once'|'session'
---@field message? string

---@class atomizer.Conflict
---@field conflictId string
---@field turnId string
---@field uri string
---@field pointer string RFC 6901, in the buffer's text
---@field base any
---@field mine any
---@field theirs any

---@class atomizer.Study
---@field studyId string
---@field uri string
---@field status? string
---@field draft boolean
---@field errors integer
---@field warnings integer

---@class atomizer.Gate
---@field gate string
---@field passed boolean
---@field reasons string[]

---@class atomizer.Validation
---@field uri string
---@field errors integer
---@field warnings integer
---@field diagnostics lsp.Diagnostic[]
---@field gates atomizer.Gate[]

---@class atomizer.TurnDiff
---@field uri string
---@field diff string unified
---@field before? string absent: there was no file
---@field after? string absent: there is no file
