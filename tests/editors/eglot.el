;; Run by tests/steps/40-editors.sh after the configuration of docs/editors.md; SPEC, STANDIN and CLAUDE_STANDIN come by
;; the environment.
(defvar passed 0)
(defvar failed 0)
(setq-default eglot-sync-connect 10
      eglot-confirm-server-edits nil
      eglot-workspace-configuration
      (lambda (_) `(:atomizer (:claude (:command ,(getenv "STANDIN") :userTools ["Read" "Edit"])))))

(defun until (what predicate)
  "Wait for PREDICATE; count WHAT."
  (let ((deadline (+ (float-time) 15)) (good nil))
    (while (and (not (setq good (funcall predicate))) (< (float-time) deadline))
      (accept-process-output nil 0.05)
      (sit-for 0.01))
    (if good (setq passed (1+ passed)) (setq failed (1+ failed)))
    (princ (format "%s %s\n" (if good "ok  " "FAIL") what))))

(defun shows (text)
  (save-excursion (goto-char (point-min)) (search-forward text nil t)))

;; `eglot-ensure' waits for the end of a command, of which there is none here.
(find-file (getenv "SPEC"))
(run-hooks 'post-command-hook)
(until "eglot: the server is there" (lambda () (ignore-errors (eglot-current-server))))
(save-excursion
  (goto-char (point-min))
  (search-forward "\"max\": 12.0")
  (replace-match "\"max\": 1.0"))
(eglot--signal-textDocument/didChange)
(flymake-start)
(until "eglot: diagnostics arrive"
       (lambda () (seq-some (lambda (it) (string-match-p "bounds-inverted\\|max" (flymake-diagnostic-text it)))
                            (flymake-diagnostics))))
(save-excursion
  (goto-char (point-min))
  (search-forward "\"max\": 1.0")
  (replace-match "\"max\": 12.0"))
(goto-char (point-min))
(search-forward "\"id\": \"dv_00")
(eglot-rename "dv_042")
(until "eglot: rename changes every place" (lambda () (and (shows "dv_042") (not (shows "\"dv_001\"")))))
(save-buffer)
(atomizer-chat "thicker web")
(until "eglot: Claude's edit arrives" (lambda () (shows "\"max\": 14.0")))
(until "eglot: the answer streams" (lambda () (and (get-buffer "*Claude*")
                                                   (with-current-buffer "*Claude*" (shows "Done.")))))
(until "eglot: the buffer agrees with the file"
       (lambda () (and (not (buffer-modified-p)) (verify-visited-file-modtime))))
(ignore-errors (eglot-shutdown (eglot-current-server)))
(princ (format "%d passed, %d failed\n" passed failed))
(kill-emacs (if (zerop failed) 0 1))
