-- The server for |vim.lsp.enable()|. Change anything in it with |vim.lsp.config()|; see |atomizer-config|.
return require('atomizer.lsp').config()
